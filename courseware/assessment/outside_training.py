from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.content.models import Course


class Withdrawable(models.Model):
    """What certifies a person until a day (`valid_until`; None: it has no end), and may be withdrawn."""

    withdrawn_at = models.DateTimeField(_("withdrawn on"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("withdrawn by"),
    )
    withdrawn_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        abstract = True

    valid_until: date | None

    @property
    def certifies_until(self) -> date:
        """The last day; `date.max` if it has no end, `date.min` if it was withdrawn."""
        return date.min if self.withdrawn_at else self.valid_until or date.max


WITHDRAWN_FOR_A_REASON = Q(withdrawn_at=None, withdrawn_by=None, withdrawn_reason="") | Q(
    withdrawn_at__isnull=False, withdrawn_by__isnull=False
) & ~Q(withdrawn_reason="")


class OutsideTraining(Withdrawable):
    """That somebody learned elsewhere what a course teaches, as somebody of human resources says; never edited.

    It certifies like a certificate, and is none: it has no number, and nobody can check it. See `outside_records`. What
    was withdrawn was recorded by mistake, and certified nobody: `standing` does not ask for it.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("person")
    )
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+", verbose_name=_("course"))
    trained_on = models.DateField(_("trained on"))
    valid_until = models.DateField(_("valid until"), null=True, help_text="The last day; null: it has no end")
    proof = models.CharField(_("proof"), max_length=200, help_text="What shows it, in words")
    reference = models.CharField(_("number or place of the proof"), max_length=100, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("outside training"), _("outside trainings")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "course", "trained_on"],
                condition=Q(withdrawn_at=None),
                name="outside_training_recorded_once",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("trained_on")),
                name="outside_training_ends_after_it",
            ),
            models.CheckConstraint(
                condition=WITHDRAWN_FOR_A_REASON,
                name="outside_training_withdrawn_for_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.person} · {self.course} · {self.trained_on}"
