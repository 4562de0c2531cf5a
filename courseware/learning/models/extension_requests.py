"""Models of extension requests, and of questions to managers."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_WHY = 120  # characters


LONGEST_QUESTION = 280  # characters


def is_open(at: datetime) -> Q:
    """Return the condition on requests: open at `at`. Neither answered nor withdrawn, enrollment open, learner active,
    requested date after `at` and after the due date, no other due date set since the request.
    """
    return Q(
        ended_at=None,
        until__gt=at,
        enrollment__completed_at=None,
        enrollment__exempted_at=None,
        enrollment__learner__is_active=True,
        enrollment__due_at__lt=F("until"),
        since=Coalesce("enrollment__due_given_at", "enrollment__enrolled_at"),
    )


class ExtensionRequestQuerySet(models.QuerySet):
    def of(self, enrollment, at=None):
        """Return the requests of an enrollment, the latest first, with `is_open` at `at` (default: now)."""
        own = self.filter(enrollment=enrollment.pk).with_is_open(at or timezone.now())
        return own.select_related("ended_by", "adjustment").order_by("-pk")

    def open_at(self, at):
        return self.filter(is_open(at))

    def with_is_open(self, at):
        """Add `is_open`: whether the request is open at `at`."""
        when_open = models.When(is_open(at), then=models.Value(True))
        return self.annotate(is_open=models.Case(when_open, default=models.Value(False)))


class ExtensionRequest(models.Model):
    """A request for a later due date. Open or not is derived (`is_open`), so undoing its answer opens it again."""

    class End(models.TextChoices):
        GIVEN = "given", _("approved")
        ANOTHER = "another", _("other date")
        REFUSED = "refused", _("declined")
        TAKEN_BACK = "taken-back", _("withdrawn")
        LAPSED = "lapsed", _("request expired")  # set when the learner makes the next request

    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.PROTECT, related_name="extension_requests")
    day = models.DateField(help_text="The last day that is asked for")
    until = models.DateTimeField(help_text="The first instant after it, in the learner's zone: see time_zone_changes")
    since = models.DateTimeField(help_text="When the due day was given that counted then: see Enrollment.agreed_due_at")
    why = models.CharField(max_length=LONGEST_WHY, blank=True)
    asked_at = models.DateTimeField()
    end = models.CharField(max_length=10, choices=End, blank=True)
    ended_at = models.DateTimeField(null=True, help_text="Null: nobody has answered or taken it back")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    words = models.CharField(max_length=LONGEST_WHY, blank=True, help_text="What was said with the answer")
    adjustment = models.ForeignKey(
        "learning.Adjustment", on_delete=models.PROTECT, null=True, related_name="+", help_text="That gave a day"
    )

    # Added by the query `with_is_open`.
    is_open: bool

    objects = ExtensionRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("extension request"), _("extension requests")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment"], condition=Q(ended_at=None), name="one_open_request_per_enrollment"
            ),
            models.CheckConstraint(
                condition=Q(end="", ended_at=None) | ~Q(end="") & Q(ended_at__isnull=False),
                name="a_request_ends_somehow",
            ),
            models.CheckConstraint(
                condition=Q(end__in=["given", "another"], adjustment__isnull=False)
                | ~Q(end__in=["given", "another"]) & Q(adjustment=None),
                name="a_day_is_given_by_an_adjustment",
            ),
        ]

    def __str__(self):
        return f"{self.enrollment} · {self.day}"

    @property
    def given_on(self):
        return self.adjustment.due_on if self.adjustment else None


class ManagerQuestion(models.Model):
    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.PROTECT, related_name="manager_questions")
    text = models.CharField(max_length=LONGEST_QUESTION)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("question to a manager"), _("questions to managers")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="a_question_is_answered_by_somebody",
            )
        ]

    def __str__(self):
        return f"{self.enrollment} · {self.asked_at:%Y-%m-%d}"
