from django.db import migrations
from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, Subquery


def fill(apps, schema_editor):
    """What newest runs say of their people's standings, and the headcounts, which count by it."""
    newest = apps.get_model("learning", "Enrollment").objects.filter(is_newest=True)
    standings = apps.get_model("assessment", "Standing").objects
    own = standings.filter(learner=OuterRef("learner"), course=OuterRef("course"))
    newest.update(certified_until=Subquery(own.values("certified_until")))

    Headcount = apps.get_model("learning", "Headcount")
    Headcount.objects.all().delete()
    learners = apps.get_model("accounts", "Membership").objects.filter(role="learner")
    teams = apps.get_model("accounts", "Team").objects.values_list("pk", "above")
    below = {key: Q(team=key) | Q(team__above__startswith=f"{above}{key}/") for key, above in teams}
    counted = {None: newest} | {
        key: newest.filter(learner__in=learners.filter(places).values("person")) for key, places in below.items()
    }
    has_started = ExpressionWrapper(Q(started_at__isnull=False), output_field=BooleanField())
    columns = ("course_id", "urgency", "has_started", "certified_until")
    for team, runs in counted.items():
        rows = runs.filter(learner__is_active=True).annotate(has_started=has_started).order_by().values(*columns)
        Headcount.objects.bulk_create(
            (Headcount(team_id=team, **row) for row in rows.annotate(number=Count("pk"))), batch_size=1000
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_substitutes"),
        ("assessment", "0009_outside_training"),
        ("learning", "0019_certified_until"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
