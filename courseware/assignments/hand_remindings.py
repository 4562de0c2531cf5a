from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.outbox.models import Message


class HandReminding(models.Model):
    """One press of *Remind*. `letters` are keys of messages."""

    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    letters = models.JSONField(default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("reminder by hand"), _("reminders by hand")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.made_by} · {self.made_at:%Y-%m-%d}"

    def sent(self) -> models.QuerySet[Message]:
        return Message.objects.filter(pk__in=self.letters).select_related("person").order_by("pk")
