from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

KEPT_FOR = timedelta(days=90)


class TrayLineQuerySet(models.QuerySet["TrayLine"]):
    def of(self, person: int | None) -> Self:
        return self.filter(person=person).order_by("-pk")

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def over(self, at: datetime) -> Self:
        return self.filter(written_at__lt=at - KEPT_FOR)


class TrayLine(models.Model):
    """A notification, stored with its email. Its text is made from `data` when it is shown."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    data = models.JSONField(default=dict)
    written_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    objects = TrayLineQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "-id"], name="tray_of_person"),
            models.Index(fields=["person"], name="tray_unread", condition=models.Q(read_at=None)),
            models.Index(fields=["written_at"], name="tray_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"
