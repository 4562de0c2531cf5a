from django.conf import settings
from django.db import migrations, models
from django.db.models import Exists, OuterRef, Q


def fill(apps, schema_editor):
    runs = apps.get_model("learning", "Enrollment").objects.order_by()
    later = runs.filter(learner=OuterRef("learner"), course=OuterRef("course"), pk__gt=OuterRef("pk"))
    runs.filter(Exists(later)).update(is_newest=False)  # one statement, whatever the number


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0003_proposals"),
        ("learning", "0005_enrolling_teams_in_batches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollment",
            name="is_newest",
            field=models.BooleanField(
                default=True, editable=False, help_text="The learner's newest run through the course"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=models.UniqueConstraint(
                condition=Q(is_newest=True), fields=("learner", "course"), name="one_newest_run_per_course"
            ),
        ),
    ]
