"""Do letters leave, and do they arrive? Asked by the first page of the admin."""

from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courseware.jobs.condition import Trouble
from courseware.outbox.models import Message, MessageState

TOLD_AFTER = timedelta(minutes=10)
PAGE = "admin:outbox_message_changelist"


def troubles(now: datetime) -> list[Trouble]:
    """The oldest letter that waits, and for how long; how many people none reaches. Runs two queries."""
    waiting = Message.objects.filter(state=MessageState.QUEUED).exclude(tries=0, next_at__gt=now)  # laid by on purpose
    oldest = waiting.order_by("written_at").first()
    found = [] if oldest is None or now - oldest.written_at < TOLD_AFTER else [said_of(oldest, now)]
    if people := Message.objects.that_came_back().count():
        found.append(
            ngettext("to %(count)d person they come back", "to %(count)d people they come back", people)
            % {"count": people}
        )
    return [Trouble(said, _("Letters"), PAGE) for said in found]


def said_of(oldest: Message, now: datetime) -> str:
    waited = _("the oldest has waited for %(time)s") % {"time": timesince(oldest.written_at, now)}
    return f"{waited} ({oldest.why})" if oldest.why else waited
