from django.conf import settings
from django.db import models
from django.utils import timezone


class StoppedKind(models.Model):
    """That somebody wants no more letters of a kind. Without a row they come."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    kind = models.CharField(max_length=64)
    stopped_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_stop_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"
