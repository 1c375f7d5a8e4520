from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0025_memory_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="diagnosis",
            name="comes_back",
            field=models.BooleanField(default=False),
        ),
    ]
