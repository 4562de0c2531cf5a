"""How much time a person gets in timed practice."""

from django.db import transaction

from courseware.accounts.models import User
from courseware.evidence.recording import record


@transaction.atomic
def set_practice_time(person: User, time: str, *, by: User) -> bool:
    """`time` is a value of `User.PracticeTime`, or "" for the time as written. Returns whether it was another one."""
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if person.practice_time == time:
        return False
    person.practice_time = time
    person.save(update_fields=["practice_time"])
    log_practice_time(person, by=by)
    return True


def log_practice_time(person: User, *, by: User) -> None:
    # Not to what: that somebody needs more time does not belong in a log that is never deleted.
    record("practice-time-changed", actor=by, subject=person)
