import django.db.models.deletion
from django.db import migrations, models
from django.db.models import BooleanField, Count, ExpressionWrapper, Q


def fill(apps, schema_editor):
    """The firm and each team with all below it, as `learning.recounting` counts them."""
    Headcount = apps.get_model("learning", "Headcount")
    newest = apps.get_model("learning", "Enrollment").objects.filter(is_newest=True)
    learners = apps.get_model("accounts", "Membership").objects.filter(role="learner")
    teams = apps.get_model("accounts", "Team").objects.values_list("pk", "above")
    below = {key: Q(team=key) | Q(team__above__startswith=f"{above}{key}/") for key, above in teams}
    counted = {None: newest} | {
        key: newest.filter(learner__in=learners.filter(places).values("person")) for key, places in below.items()
    }
    has_started = ExpressionWrapper(Q(started_at__isnull=False), output_field=BooleanField())
    for team, enrollments in counted.items():
        rows = enrollments.annotate(has_started=has_started).order_by().values_list("urgency", "has_started")
        Headcount.objects.bulk_create(
            Headcount(team_id=team, urgency=urgency, has_started=begun, number=number)
            for urgency, begun, number in rows.annotate(number=Count("pk"))
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_places_of_teams"),
        ("learning", "0007_urgency"),
    ]

    operations = [
        migrations.CreateModel(
            name="Headcount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("urgency", models.DateTimeField()),
                ("has_started", models.BooleanField()),
                ("number", models.IntegerField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        help_text="Null: the firm",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["team", "urgency", "has_started", "number"], name="headcount_by_team")
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
