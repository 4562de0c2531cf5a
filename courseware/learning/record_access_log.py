"""Record access log: one event a day for each viewer and viewed record, as events cannot be removed."""

from datetime import datetime, time

from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import audits
from courseware.audit_log.models import Event
from courseware.audit_log.record import record, subject_of
from courseware.learning.models import Enrollment

VERB = "record-viewed"


def record_access(subject: Enrollment | User | str, *, by: User, verb: str = VERB) -> None:
    """Log that `by` views `subject` (str: a log subject), once a day per `verb`. Call it before the record is shown."""
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, zone)
    name = subject if isinstance(subject, str) else subject_of(subject)
    if not Event.objects.filter(subject=name, verb=verb, actor=by, at__gte=midnight).exists():
        record(verb, actor=by, subject=name)


def record_access_of_auditor(subject: str, *, by: User) -> None:
    """Log the event `{subject}-viewed`, once a day, if `by` is an auditor. `subject`: name of a page."""
    if audits(by):
        record_access(subject, by=by, verb=f"{subject}-viewed")
