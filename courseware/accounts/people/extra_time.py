"""Extra time: the factor of a person for the time limits of exams and timed practice."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from courseware.accounts.models import User
from courseware.audit_log.record import NewEvent, subject_of


def lock(people: Iterable[int]) -> None:
    """Lock the rows of these people (ids), by id. Call it before locking other rows about them."""
    list(User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))


def change(times: Mapping[int, str], *, only_from: str | None = None) -> dict[int, str]:
    """Set the extra time of people, without logging: see `events`. `times`: person id → `User.ExtraTime` or "".
    `only_from`: change only people who have this value now. Return id → previous value of changed people.
    """
    people = User.objects.select_for_update(no_key=True).filter(pk__in=times).order_by("pk")
    before = {}
    for person in people:
        if person.extra_time != times[person.pk] and only_from in (None, person.extra_time):
            before[person.pk] = person.extra_time
            person.extra_time = times[person.pk]
    User.objects.bulk_update([person for person in people if person.pk in before], ["extra_time"])
    return before


def events(people: Iterable[int], *, by: User | None, at: datetime | None = None) -> list[NewEvent]:
    """Return an event for each person (id), without the value: the log is never deleted, and the value is private."""
    return [NewEvent("practice-time-changed", subject_of(User, pk), by, at=at) for pk in people]
