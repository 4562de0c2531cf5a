"""A circuit breaker per server, shared by all workers: an unreachable server is tried once a minute."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

REST = timedelta(minutes=1)  # between two attempts
FORGOTTEN_AFTER = timedelta(days=1)  # rows of servers that are no longer used


class UnreachableServer(models.Model):
    """A server that did not answer. The row is deleted as soon as it answers."""

    name = models.CharField(_("server"), max_length=255, primary_key=True)
    since = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField()
    why = models.TextField(_("why"))

    class Meta:
        verbose_name, verbose_name_plural = _("unreachable server"), _("unreachable servers")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def unreachable_servers(now: datetime) -> QuerySet[UnreachableServer]:
    """Return the servers tried within FORGOTTEN_AFTER before `now`, the longest unreachable first."""
    return UnreachableServer.objects.filter(tried_at__gt=now - FORGOTTEN_AFTER).order_by("since")


class CircuitBreaker:
    """The breaker of one server ("host:port"). `has_failed`: whether this object has noted a failure."""

    def __init__(self, server: str) -> None:
        self.servers = UnreachableServer.objects.filter(pk=server)
        self.server, self.has_failed = server, False
        self.is_noted: bool | None = None  # whether the row exists; None: not known yet

    def allows(self) -> bool:
        """Return whether the server may be tried now. For an unreachable server only one caller per REST gets True."""
        tried_at = self.servers.values_list("tried_at", flat=True).first()
        self.is_noted = tried_at is not None
        if tried_at is None:
            return True
        now = timezone.now()
        if now - REST < tried_at <= now:  # a time in the future comes from a wrong clock
            return False
        return bool(self.servers.filter(tried_at=tried_at).update(tried_at=now))

    def note_failure(self, why: str) -> None:
        now = timezone.now()
        known = {"tried_at": now, "why": why}
        UnreachableServer.objects.update_or_create(
            pk=self.server, defaults=known, create_defaults={**known, "since": now}
        )
        self.is_noted = self.has_failed = True
        UnreachableServer.objects.filter(tried_at__lt=now - FORGOTTEN_AFTER).delete()

    def note_answer(self) -> None:
        """Note that the server has answered, so that all callers may try it."""
        if self.is_noted or (self.is_noted is None and self.servers.exists()):
            self.servers.delete()
        self.is_noted = False
