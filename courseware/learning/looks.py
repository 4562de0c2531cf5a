"""Who looked at whose record, in the log: once a day for each of both, as nothing can be taken out of it again.

Of an auditor, also that boards and the log were looked at.
"""

from datetime import datetime, time

from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.permissions import audits
from courseware.evidence.models import Event
from courseware.evidence.recording import record, subject_of
from courseware.learning.models import Enrollment

VERB = "record-viewed"


def record_look(subject: Enrollment | User | str, *, by: User, verb: str = VERB) -> None:
    """Called before anything of it is shown. A day is one of the site's; two tabs at once may record two."""
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, zone)
    name = subject if isinstance(subject, str) else subject_of(subject)
    if not Event.objects.filter(subject=name, verb=verb, actor=by, at__gte=midnight).exists():
        record(verb, actor=by, subject=name)


def record_look_of_auditor(subject: str, *, by: User) -> None:
    """At a page about many: of whoever else may see it, it is the daily work."""
    if audits(by):
        record_look(subject, by=by, verb=f"{subject}-viewed")
