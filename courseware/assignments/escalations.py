from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class EscalationSwitch(models.Model):
    """That the next level is told of who is late for days, or is told no more. The newest counts; off without one."""

    is_on = models.BooleanField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("switch of escalation"), _("switches of escalation")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.made_at:%Y-%m-%d} {self.is_on}"


def is_escalated() -> bool:
    """Runs one query."""
    newest = EscalationSwitch.objects.values_list("is_on", flat=True).first()
    return bool(newest)
