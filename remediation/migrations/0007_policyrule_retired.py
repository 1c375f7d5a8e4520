"""Keep who retired a rule beside who set it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("remediation", "0006_verificationrun_before")]

    operations = [
        migrations.AddField(
            model_name="policyrule",
            name="retired_by",
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name="policyrule",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
