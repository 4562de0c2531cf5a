"""Do letters leave? Asked by the first page of the admin."""

from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from courseware.jobs.condition import Trouble
from courseware.outbox.models import Message, MessageState

TOLD_AFTER = timedelta(minutes=10)
PAGE = "admin:outbox_message_changelist"


def troubles(now: datetime) -> list[Trouble]:
    """The oldest letter that waits, and for how long. Runs one query."""
    oldest = Message.objects.filter(state=MessageState.QUEUED).order_by("written_at").first()
    if oldest is None or now - oldest.written_at < TOLD_AFTER:
        return []
    waited = _("the oldest has waited for %(time)s") % {"time": timesince(oldest.written_at, now)}
    return [Trouble(f"{waited} ({oldest.why})" if oldest.why else waited, _("Letters"), PAGE)]
