"""Who looked at whose record, in the log: once a day for each of both, as nothing can be taken out of it again."""

from datetime import datetime, time

from django.utils import timezone

from courseware.accounts.models import User
from courseware.evidence.models import Event
from courseware.evidence.recording import record, subject_of
from courseware.learning.models import Enrollment

VERB = "record-viewed"


def record_look(enrollment: Enrollment, *, by: User) -> None:
    """Called before anything of the record is shown. A day is one of the site's; two tabs at once may record two."""
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, zone)
    looks = Event.objects.filter(subject=subject_of(enrollment), verb=VERB, actor=by)
    if not looks.filter(at__gte=midnight).exists():
        record(VERB, actor=by, subject=enrollment)
