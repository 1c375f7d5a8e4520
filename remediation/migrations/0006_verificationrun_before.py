"""Keep how it was before the act."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("remediation", "0005_action_options")]

    operations = [
        migrations.AddField(
            model_name="verificationrun",
            name="before",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
