from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.content.models import Document, Release, Revision
from courseware.learning.models import Enrollment


class Attempt(models.Model):
    """One sitting of an exam. It stays on the release, the pass mark and the order it began with."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="attempts")
    exam = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the exam")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="1 is the first")
    started_at = models.DateTimeField()
    # Copied from the exam when the attempt starts: an editor who raises the mark
    # later must not turn yesterday's pass into a fail.
    pass_mark = models.PositiveSmallIntegerField(null=True, help_text="Percent, 1–100; null: without marks")
    closes_at = models.DateTimeField(null=True, help_text="Where the exam has a time limit")
    submitted_at = models.DateTimeField(null=True)
    points = models.PositiveSmallIntegerField(null=True)
    max_points = models.PositiveSmallIntegerField()
    is_passed = models.BooleanField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("attempt"), _("attempts")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "exam", "number"], name="one_attempt_per_number"),
            models.UniqueConstraint(
                fields=["enrollment", "exam"], condition=Q(submitted_at=None), name="one_open_attempt_per_exam"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at=None, points=None)
                | Q(submitted_at__isnull=False, points__isnull=False, points__lte=models.F("max_points")),
                name="points_come_with_submitting",
            ),
        ]

    def __str__(self):
        return f"{self.exam} · {self.number} ({self.enrollment})"


class Response(models.Model):
    """One drawn question of an attempt, and the answer given to it so far."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="responses")
    position = models.PositiveSmallIntegerField(help_text="1 is the first")
    bank = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the bank")
    question = models.CharField(max_length=64)
    objective = models.CharField(max_length=32)
    is_critical = models.BooleanField(default=False)
    order = models.JSONField(help_text="The places of the choices as they are shown")
    response = models.JSONField(null=True, help_text="Places as in content.questions; null: not answered")
    saves = models.PositiveIntegerField(default=0, help_text="Grows with every save: an old tab knows a lower number")
    page = models.UUIDField(null=True, help_text="The page it was saved from last: see `attempting.save`")
    saved_at = models.DateTimeField(null=True)
    is_right = models.BooleanField(null=True, help_text="Set when the attempt is submitted")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="one_response_per_position"),
            models.UniqueConstraint(fields=["attempt", "question"], name="no_question_twice_in_an_attempt"),
        ]

    def __str__(self):
        return f"{self.question} ({self.attempt})"

    @property
    def is_answered(self):
        return self.response is not None


class Certificate(models.Model):
    """Issued once, when an enrollment is completed. What it says is copied, so that nothing later changes it."""

    enrollment = models.OneToOneField(Enrollment, on_delete=models.PROTECT, related_name="certificate")
    number = models.CharField(max_length=32, unique=True, help_text="128 random bits, as letters and digits")
    issued_at = models.DateTimeField(default=timezone.now)
    valid_until = models.DateField(null=True, help_text="The last day on which it is valid")
    holder = models.CharField(max_length=120)
    titles = models.JSONField(help_text="The course's title per language")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    points = models.PositiveSmallIntegerField(null=True)
    max_points = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("certificate"), _("certificates")

    def __str__(self):
        return self.number

    def is_valid(self, at=None):
        """Days of certificates are the site's, whoever looks at them from wherever."""
        today = timezone.localdate(at, timezone.get_default_timezone())
        return self.valid_until is None or today <= self.valid_until
