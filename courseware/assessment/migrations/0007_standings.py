from datetime import date
from itertools import groupby, islice

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CHUNK = 1000  # standings written at once


def fill(apps, schema_editor):
    certificates = apps.get_model("assessment", "Certificate").objects
    columns = ("enrollment__learner_id", "enrollment__course_id", "pk", "valid_until", "withdrawn_at")
    rows = certificates.order_by("enrollment__learner_id", "enrollment__course_id").values_list(*columns).iterator()
    Standing = apps.get_model("assessment", "Standing")
    standings = (
        Standing(learner_id=learner, course_id=course, **longest(group))
        for (learner, course), group in groupby(rows, key=lambda row: row[:2])
    )
    while chunk := list(islice(standings, CHUNK)):
        Standing.objects.bulk_create(chunk)


def longest(rows):
    """As `assessment.standing` has it."""
    ends = ((date.min if withdrawn_at else until or date.max, pk) for *_, pk, until, withdrawn_at in rows)
    certified_until, certificate = max(ends)
    return {"certificate_id": certificate, "certified_until": certified_until}


class Migration(migrations.Migration):
    dependencies = [
        ("assessment", "0006_words_of_certificates"),
        ("content", "0003_proposals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("certified_until", models.DateField(help_text="`certifies_until` of the certificate")),
                (
                    "certificate",
                    models.ForeignKey(
                        help_text="The one that certifies longest",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="assessment.certificate",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="content.course"
                    ),
                ),
                (
                    "learner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["certified_until"], name="standing_by_certified_until")],
                "constraints": [models.UniqueConstraint(fields=("learner", "course"), name="one_standing_per_course")],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
