from django.db import migrations, models


class Migration(migrations.Migration):
    """Nothing but the help text: instants of before are right where nobody has moved since."""

    dependencies = [("learning", "0025_enrollments_of_a_post")]

    operations = [
        migrations.AlterField(
            model_name="dayrequest",
            name="until",
            field=models.DateTimeField(help_text="The first instant after it, in the learner's zone: see days_told"),
        ),
    ]
