"""The model of absences."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseware.lib.text.names import MultilineNameField


class Absence(models.Model):
    """Days, both included, on which nothing is due for the person."""

    class Stage(models.IntegerChoices):
        TO_COME, RUNNING, OVER = 0, 1, 2

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    begins_at = models.DateTimeField(help_text="The first instant of the first day, in the person's zone")
    ends_at = models.DateTimeField(help_text="The first instant after the last day")
    why = MultilineNameField(max_length=100, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    said_at = models.DateTimeField(default=timezone.now)
    stage = models.PositiveSmallIntegerField(
        choices=Stage, default=Stage.TO_COME, help_text="The one that the due days were last worked out for"
    )

    class Meta:
        ordering = ["first_day", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(first_day__lte=models.F("last_day")), name="away_from_day_to_day")
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(stage__lt=2), name="away_and_not_over")]

    def __str__(self):
        return f"{self.person} · {self.first_day} – {self.last_day}"

    def stage_at(self, at):
        if at < self.begins_at:
            return self.Stage.TO_COME
        return self.Stage.RUNNING if at < self.ends_at else self.Stage.OVER
