from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

LONGEST_QUESTION = 280  # characters


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
