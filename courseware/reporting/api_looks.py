"""What programs read, in the log: once a day for each key, list and choice of rows, for pages follow quickly."""

from datetime import datetime, time

from django.utils import timezone

from courseware.accounts.api_keys import ApiKey
from courseware.evidence.models import Event
from courseware.evidence.recording import record, subject_of
from courseware.reporting.api_shapes import Window


def record_read(key: ApiKey, what: str, window: Window) -> None:
    """Called before anything is shown."""
    chosen = window.model_dump(exclude={"after", "page_size"}, exclude_defaults=True)
    data = {"list": what, **chosen}
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(timezone.localdate(timezone=zone), time.min, zone)
    read = Event.objects.filter(subject=subject_of(key), verb="api-read", at__gte=midnight).values_list(
        "data", flat=True
    )
    if data not in read:
        record("api-read", actor=key.person, subject=key, data=data)
