from django.db import migrations


def fill(apps, schema_editor):
    """By the newest extension that was not taken back; a postponement is of the one whose day it was worked out from."""
    Enrollment, Line, Postponement = (
        apps.get_model("learning", name) for name in ("Enrollment", "AdjustmentLine", "Postponement")
    )
    lines = Line.objects.filter(adjustment__kind="extended", made_at__isnull=False, undone_at=None)
    given = lines.exclude(enrollment=None).order_by("pk")
    for enrollment, at, by in given.values_list("enrollment", "made_at", "adjustment__made_by").iterator():
        Enrollment.objects.filter(pk=enrollment).update(due_given_at=at, due_given_by=by)
    for postponement in Postponement.objects.select_related("enrollment").iterator():
        line = given.filter(enrollment=postponement.enrollment_id, due_after=postponement.given_at).last()
        postponement.since = line.made_at if line else postponement.enrollment.enrolled_at
        postponement.save(update_fields=["since"])


class Migration(migrations.Migration):
    dependencies = [("learning", "0015_days_given_by_hand")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
