"""Delete people who were added by mistake."""

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_noop

from courseware.accounts.models import User
from courseware.accounts.moving import lock_person
from courseware.evidence.recording import record, subject_of
from courseware.outbox.models import Message, MessageState


class HasRecord(Exception):
    """Something is on record of this person."""


@transaction.atomic
def remove_person(person: User, *, by: User) -> None:
    """Raise HasRecord if the person has signed in or has any record. Sent emails stay; waiting ones are skipped."""
    row = lock_person(person)
    subject, teams = subject_of(row), sorted(row.memberships.values_list("team", flat=True))
    if row.last_login:
        raise HasRecord(person)
    letters = Message.objects.filter(person=row)
    letters.filter(state=MessageState.QUEUED).update(
        state=MessageState.SKIPPED,
        why=gettext_noop("the person was made by mistake and taken away"),
        ended_at=timezone.now(),
    )
    letters.update(person=None)
    try:
        row.delete()  # every record protects its person
    except ProtectedError:
        raise HasRecord(person) from None
    record("person-removed", actor=by, subject=subject, data={"teams": teams})
