"""Health warnings about email delivery, for the start page of the admin."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courseware.jobs.health import HealthWarning
from courseware.notifications.email.circuit_breaker import UnreachableServer, unreachable_servers
from courseware.notifications.models import DeliveryState, OutgoingEmail

TOLD_AFTER = timedelta(minutes=10)
PAGE = "admin:notifications_outgoingemail_changelist"


def troubles(now: datetime) -> list[HealthWarning]:
    """Return warnings: unreachable servers, the oldest late email, number of people with bounces. Runs 3 queries."""
    # A deferred email is late only if its time has come and no worker has claimed it.
    late = Q(tries__gt=1) | Q(next_at__lt=now - TOLD_AFTER)
    waiting = OutgoingEmail.objects.filter(late, state=DeliveryState.QUEUED)
    oldest = waiting.order_by("written_at").first()
    found = [] if oldest is None or now - oldest.written_at < TOLD_AFTER else [said_of(oldest, now)]
    if people := OutgoingEmail.objects.that_bounced().count():
        found.append(
            ngettext(
                "emails to %(count)d person are returned as undeliverable",
                "emails to %(count)d people are returned as undeliverable",
                people,
            )
            % {"count": people}
        )
    return [*map(shown_of, unreachable_servers(now)), *(HealthWarning(text, _("Emails"), PAGE) for text in found)]


def shown_of(server: UnreachableServer) -> HealthWarning:
    # `why` stays in English, like other server responses.
    text = _("the mail server has not answered since %(time)s; the site tries again once a minute (%(why)s)")
    time = date_format(timezone.localtime(server.since), "DATETIME_FORMAT")
    return HealthWarning(text % {"time": time, "why": server.why}, server.name, PAGE)


def said_of(oldest: OutgoingEmail, now: datetime) -> str:
    waited = _("the oldest email has waited for %(time)s") % {"time": timesince(oldest.written_at, now)}
    return f"{waited} ({oldest.why})" if oldest.why else waited
