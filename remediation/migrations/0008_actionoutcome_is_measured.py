"""Tell what code measured from what a person said."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("remediation", "0007_policyrule_retired")]

    operations = [
        migrations.AddField(
            model_name="actionoutcome",
            name="is_measured",
            field=models.BooleanField(default=True),
        ),
    ]
