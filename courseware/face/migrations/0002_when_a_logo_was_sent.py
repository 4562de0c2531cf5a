import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("face", "0001_house_styles")]

    operations = [
        migrations.AddField(
            model_name="logo",
            name="sent_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="When somebody last sent it, perhaps to look at"
            ),
        ),
    ]
