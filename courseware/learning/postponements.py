from datetime import date

from django.db import models
from django.db.models.functions import Coalesce

from courseware.lib.dates import days_between


class PostponementQuerySet(models.QuerySet):
    def of_the_day_that_counts(self):
        """Without those of days given before, or taken back."""
        return self.filter(since=Coalesce("enrollment__due_given_at", "enrollment__enrolled_at"))


class Postponement(models.Model):
    """A due day and how far absences moved it. Each given day has its own row, so that taking it back restores the one
    before.
    """

    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.CASCADE, related_name="postponements")
    since = models.DateTimeField(help_text="When that day was given: see Enrollment.day_given_at")
    given_at = models.DateTimeField(null=True, help_text="The due instant as somebody or a rule gave it")
    moved_to = models.DateTimeField(null=True, help_text="And as it was worked out last")
    counts_from = models.DateField(help_text="Absences count from this day on")
    known = models.JSONField(
        default=list, help_text="First and last days of absences that whoever gave the day knew of: these count no more"
    )
    days = models.PositiveIntegerField(default=0, help_text="By how many working days it was moved on")

    objects = PostponementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "since"], name="one_postponement_for_each_day_given")
        ]

    def __str__(self):
        return f"{self.enrollment} · +{self.days}"

    @property
    def days_known(self):
        spans = [[date.fromisoformat(day) for day in span] for span in self.known]
        return frozenset(day for first, last in spans for day in days_between(first, last))
