from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="practice_time",
            field=models.CharField(
                blank=True,
                choices=[("double", "twice the time"), ("off", "without a clock")],
                help_text="What is set for this person when a simulation begins. Empty: as it is written.",
                max_length=8,
                verbose_name="time in simulations",
            ),
        ),
    ]
