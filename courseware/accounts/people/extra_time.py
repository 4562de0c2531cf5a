"""Extra time where a time limit applies: in exams and in timed practice."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from courseware.accounts.models import User
from courseware.audit_log.record import NewEvent, subject_of


def lock(people: Iterable[int]) -> None:
    """Lock these people before other rows about them, as absences do."""
    list(User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))


def change(times: Mapping[int, str], *, only_from: str | None = None) -> dict[int, str]:
    """Lock the people and set their times, or only those with `only_from`. Returns person key → previous time."""
    people = User.objects.select_for_update(no_key=True).filter(pk__in=times).order_by("pk")
    before = {}
    for person in people:
        if person.extra_time != times[person.pk] and only_from in (None, person.extra_time):
            before[person.pk] = person.extra_time
            person.extra_time = times[person.pk]
    User.objects.bulk_update([person for person in people if person.pk in before], ["extra_time"])
    return before


def events(people: Iterable[int], *, by: User | None, at: datetime | None = None) -> list[NewEvent]:
    # Not to what: that somebody needs more time does not belong in a log that is never deleted.
    return [NewEvent("practice-time-changed", subject_of(User, pk), by, at=at) for pk in people]
