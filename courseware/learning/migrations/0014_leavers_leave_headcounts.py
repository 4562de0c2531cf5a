from collections import Counter

from django.db import migrations


def take_out(apps, schema_editor):
    """Whoever has left before is counted no more: of the firm, of the own teams and of those above."""
    Headcount, Enrollment = (apps.get_model("learning", name) for name in ("Headcount", "Enrollment"))
    leavers = apps.get_model("accounts", "User").objects.filter(is_active=False)
    learners = apps.get_model("accounts", "Membership").objects.filter(role="learner", person__in=leavers)
    teams = {}
    for person, team, above in learners.values_list("person", "team", "team__above"):
        teams.setdefault(person, set()).update([team, *(int(key) for key in above.split("/") if key)])
    runs = Enrollment.objects.filter(is_newest=True, learner__in=leavers).order_by()
    numbers = Counter(
        (team, urgency, started_at is not None)
        for person, urgency, started_at in runs.values_list("learner", "urgency", "started_at")
        for team in (None, *teams.get(person, ()))
    )
    Headcount.objects.bulk_create(
        (
            Headcount(team_id=team, urgency=urgency, has_started=begun, number=-number)
            for (team, urgency, begun), number in numbers.items()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_substitutes"),
        ("learning", "0013_postponed_due_days"),
    ]

    operations = [migrations.RunPython(take_out, migrations.RunPython.noop)]
