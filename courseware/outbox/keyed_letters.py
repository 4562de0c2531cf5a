"""Letters that a job writes each morning. Each has its key: broken off and begun again, or run by two at once, the job
comes to the same."""

from collections.abc import Collection

from courseware.lib.clock import now
from courseware.outbox.models import Message, MessageState

WAITS_AGAIN = {"state": MessageState.QUEUED, "why": "", "tries": 0, "ended_at": None}


def write_once(letters: Collection[Message], *, again: Collection[str] = ()) -> int:
    """Write those whose key is new. Of the others those wait again that were not sent for one of the reasons `again`:
    what kept them back was taken back, or they would not be among these. Returns how many are new or wait again.

    Runs two statements, a third where there are reasons and keys that are known.
    """
    of_these = Message.objects.filter(key__in=[letter.key for letter in letters])
    known = set(of_these.values_list("key", flat=True))
    new = [letter for letter in letters if letter.key not in known]
    Message.objects.bulk_create(new, ignore_conflicts=True)  # another one may be writing them at this very moment
    return len(new) + (wait_again(of_these, again) if known and again else 0)


def wait_again(letters, reasons: Collection[str]) -> int:
    """Each is asked anew when it leaves. What was told in another letter was told."""
    skipped = letters.filter(state=MessageState.SKIPPED, why__in=reasons, told_in=None)
    return skipped.update(**WAITS_AGAIN, next_at=now())
