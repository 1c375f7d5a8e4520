from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0026_diagnosis_comes_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="diagnosis",
            name="blamed",
            field=models.JSONField(default=dict),
        ),
    ]
