"""Models of adjustments by managers, and of due dates shifted by absences."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.content.models import Course
from courseware.lib import dates
from courseware.lib.dates import days_between


class Adjustment(models.Model):
    """One change that a manager makes to the training of one or more people."""

    kind = models.CharField(max_length=10, help_text="Of a manager action")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    due_on = models.DateField(null=True, help_text="The last day, in each learner's own zone")
    time = models.CharField(max_length=8, blank=True, help_text="A practice time of a person")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, related_name="+", help_text="To enroll in")
    people_left = models.PositiveIntegerField(
        null=True, help_text="How many a worker has still to see to; null: it was done at once"
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.kind} · {self.made_at:%Y-%m-%d}"

    @property
    def time_words(self):
        return dict(User.ExtraTime.choices).get(self.time, _("standard"))


class AdjustmentItem(models.Model):
    """Effect of an adjustment on one learner, with the previous values for undo."""

    adjustment = models.ForeignKey(Adjustment, on_delete=models.CASCADE, related_name="lines")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    enrollment = models.ForeignKey(
        "learning.Enrollment",
        on_delete=models.SET_NULL,
        null=True,
        related_name="adjustment_items",
        help_text="Null: one that is still to be made, or was removed again",
    )
    made_at = models.DateTimeField(null=True, help_text="Null: it waits for its turn")
    due_before = models.DateTimeField(null=True)
    due_after = models.DateTimeField(null=True)
    time_before = models.CharField(max_length=8, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["adjustment", "enrollment"], name="one_line_per_enrollment"),
            models.CheckConstraint(
                condition=models.Q(undone_at=None) | models.Q(made_at__isnull=False), name="undone_after_it_was_made"
            ),
        ]

    def __str__(self):
        return f"{self.adjustment} ({self.learner})"

    @property
    def due_on(self):
        return self.due_after and dates.due_date(self.due_after, self.enrollment.zone)

    @property
    def due_on_before(self):
        return self.due_before and dates.due_date(self.due_before, self.enrollment.zone)


class AbsenceShiftQuerySet(models.QuerySet):
    def of_current_due_date(self):
        """Return shifts of current due dates, without those of earlier ones."""
        return self.filter(since=Coalesce("enrollment__due_given_at", "enrollment__enrolled_at"))


class AbsenceShift(models.Model):
    """Shift of a due date by absences. Each agreed due date has its own row, so that undo restores the former one."""

    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.CASCADE, related_name="postponements")
    since = models.DateTimeField(help_text="When that day was given: see Enrollment.agreed_due_at")
    given_at = models.DateTimeField(null=True, help_text="The due instant as somebody or a rule gave it")
    moved_to = models.DateTimeField(null=True, help_text="And as it was worked out last")
    counts_from = models.DateField(help_text="Absences count from this day on")
    known = models.JSONField(
        default=list, help_text="First and last days of absences known when the due date was set: they do not move it"
    )
    days = models.PositiveIntegerField(default=0, help_text="By how many working days it was moved on")

    objects = AbsenceShiftQuerySet.as_manager()

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
