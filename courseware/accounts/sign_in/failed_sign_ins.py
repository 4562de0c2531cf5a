"""Log failed sign-ins, one event per account and hour. All unknown names share one account."""

import hashlib

from django.core.cache import cache
from django.db import transaction

from courseware.accounts.models import User
from courseware.accounts.sign_in.account_notices import notify
from courseware.audit_log.record import record, subject_of

HOUR = 60 * 60  # seconds
COUNTED_FOR = 90 * 24 * HOUR
WRONG_CODES_TOLD = 3  # wrong codes of two-step verification since the last right one


def log_failed_sign_in(name: str, person: User | None) -> None:
    """Log a wrong password or code, once an hour per account; count those not logged. `person`: of `name`, or None."""
    subject = subject_of(person) if person else subject_of(User, "unknown")
    key = f"failed-sign-ins:{subject}"
    earlier = cache.get(key, 0)
    is_written = is_first_in_an_hour(name) and write(subject, earlier, stays=is_first_in_an_hour(subject))
    cache.set(key, 0 if is_written else earlier + 1, COUNTED_FOR)


def is_first_in_an_hour(name: str) -> bool:
    return cache.add(f"failed-sign-in:{hashlib.sha256(name.encode()).hexdigest()}", True, HOUR)


def write(subject: str, earlier: int, *, stays: bool) -> bool:
    """Record an event; roll it back unless `stays`, which is returned. `earlier`: failures since the last event."""
    # An unknown name costs the same work, so that the time does not reveal it.
    with transaction.atomic():
        record("sign-in-failed", subject=subject, data={"since_last": earlier} if earlier else {})
        transaction.set_rollback(not stays)
    return stays


def note_wrong_code(person: User) -> None:
    """Count a wrong second factor. If 3 or more since the last right one, log it and email the person, once a day."""
    key = f"wrong-codes:{person.pk}"
    wrong = cache.get(key, 0) + 1
    cache.set(key, wrong, COUNTED_FOR)
    if wrong >= WRONG_CODES_TOLD and cache.add(f"{key}:told", True, 24 * HOUR):
        with transaction.atomic():
            record("two-factor-failed", subject=person)
            notify(person, "wrong-codes")


def forget_wrong_codes(person: User) -> None:
    cache.delete(f"wrong-codes:{person.pk}")
