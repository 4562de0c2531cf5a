"""Who may do what: every change is logged, and ends the person's sessions, so that the new rights begin afresh."""

from django.db import transaction
from django.db.models import F

from courseware.accounts.models import User
from courseware.evidence.recording import record, subject_of


def rights_of(person):
    """The person's rights as they stand in the log; runs two queries."""
    return {
        "is_active": person.is_active,
        "is_staff": person.is_staff,
        "is_superuser": person.is_superuser,
        "groups": sorted(person.groups.values_list("pk", flat=True)),
        "permissions": sorted(person.user_permissions.values_list("pk", flat=True)),
    }


RIGHTS_OF_NOBODY = {"is_active": True, "is_staff": False, "is_superuser": False, "groups": [], "permissions": []}


@transaction.atomic
def log_rights(person, before, *, by):
    """Log how the rights differ from `before` (see `rights_of`) and end the sessions; nothing where they do not."""
    after = rights_of(person)
    if after != before:
        changed = [right for right in after if after[right] != before[right]]
        data = {right: [before[right], after[right]] for right in changed}
        drop_sessions(person)
        record("rights-changed", actor=by, subject=person, data=data)


@transaction.atomic
def deactivate(person, *, by):
    """The person may no longer sign in, and is signed out everywhere. Repeating it changes nothing."""
    before = rights_of(person)
    person.is_active = False
    person.save(update_fields=["is_active"])
    log_rights(person, before, by=by)


@transaction.atomic
def end_sessions(person, *, by):
    """Sign the person out on every device."""
    drop_sessions(person)
    record("sessions-ended", actor=by, subject=person)


def drop_sessions(person):
    User.objects.filter(pk=person.pk).update(session_number=F("session_number") + 1)
    person.refresh_from_db(fields=["session_number"])


def log_membership(verb, membership, *, by):
    """`verb`: membership-added, membership-changed or membership-removed; a manager's is a right to see people."""
    data = {"team": membership.team_id, "role": membership.role}
    record(verb, actor=by, subject=subject_of(User, membership.person_id), data=data)
