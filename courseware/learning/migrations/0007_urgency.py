from datetime import UTC, datetime

from django.conf import settings
from django.db import migrations, models
from django.db.models import Case, Value, When
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0003_proposals"),
        ("learning", "0006_newest_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="enrollment", name="enrollment_by_due_at"),
        migrations.AddField(
            model_name="enrollment",
            name="urgency",
            field=models.GeneratedField(
                db_persist=True,
                expression=Case(
                    When(completed_at__isnull=False, then=Value(datetime(9998, 1, 1, tzinfo=UTC))),
                    When(waived_at__isnull=False, then=Value(datetime(9999, 1, 1, tzinfo=UTC))),
                    default=Coalesce("due_at", Value(datetime(9997, 1, 1, tzinfo=UTC))),
                ),
                output_field=models.DateTimeField(),
            ),
        ),
        migrations.AddIndex(
            model_name="enrollment", index=models.Index(fields=["urgency", "id"], name="enrollment_by_urgency")
        ),
    ]
