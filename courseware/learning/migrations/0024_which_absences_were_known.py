from datetime import timedelta

from django.db import migrations, models
from django.utils import timezone


def fill(apps, schema_editor):
    """Of days given by hand: until now absences counted from behind the last one that was known by then."""
    Away, Postponement = apps.get_model("accounts", "Away"), apps.get_model("learning", "Postponement")
    given = Postponement.objects.filter(enrollment__due_given_at=models.F("since")).select_related("enrollment")
    for postponement in given.iterator():
        given_on = timezone.localdate(postponement.since)
        if postponement.counts_from <= given_on:
            continue
        last_known = postponement.counts_from - timedelta(days=1)
        known = Away.objects.filter(
            person=postponement.enrollment.learner_id, said_at__lte=postponement.since, first_day__lte=last_known
        )
        postponement.known = [
            [first.isoformat(), min(last, last_known).isoformat()]
            for first, last in known.order_by("first_day").values_list("first_day", "last_day")
        ]
        postponement.counts_from = given_on
        postponement.save(update_fields=["known", "counts_from"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0022_api_keys"), ("learning", "0023_requests_for_another_day")]

    operations = [
        migrations.AddField(
            model_name="postponement",
            name="known",
            field=models.JSONField(
                default=list,
                help_text="First and last days of absences that whoever gave the day knew of: these count no more",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
