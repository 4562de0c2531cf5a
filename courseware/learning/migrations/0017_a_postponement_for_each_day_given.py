import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0016_which_days_were_given_by_hand")]

    operations = [
        migrations.AlterField(
            model_name="postponement",
            name="enrollment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="postponements", to="learning.enrollment"
            ),
        ),
        migrations.AlterField(
            model_name="postponement",
            name="since",
            field=models.DateTimeField(help_text="When that day was given: see Enrollment.day_given_at"),
        ),
        migrations.AlterField(
            model_name="postponement",
            name="moved_to",
            field=models.DateTimeField(help_text="And as it was worked out last", null=True),
        ),
        migrations.AddConstraint(
            model_name="postponement",
            constraint=models.UniqueConstraint(
                fields=("enrollment", "since"), name="one_postponement_for_each_day_given"
            ),
        ),
    ]
