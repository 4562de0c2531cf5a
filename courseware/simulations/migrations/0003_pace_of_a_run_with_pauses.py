from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("simulations", "0002_time_as_a_factor")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="pace",
            field=models.CharField(
                blank=True,
                choices=[
                    ("written", "as written"),
                    ("1.25", "1¼ times the time"),
                    ("1.5", "1½ times the time"),
                    ("double", "twice the time"),
                    ("3", "three times the time"),
                    ("4", "four times the time"),
                    ("5", "five times the time"),
                    ("10", "ten times the time"),
                    ("paused", "with a pause before each situation"),
                    ("off", "without a clock"),
                ],
                db_default="",
                default="",
                help_text="Of a run with pauses: the time that its learner was given when it began; empty: as written",
                max_length=8,
            ),
        ),
    ]
