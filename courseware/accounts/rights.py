"""Who may do what. Every change is logged and ends the person's sessions, so that the new rights apply at once."""

from django.db import transaction
from django.db.models import F

from courseware.accounts.models import User
from courseware.evidence.recording import record, subject_of


def rights_of(person):
    """The rights as they are logged. Runs two queries."""
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
    """Log how the rights differ from `before` (see `rights_of`) and end the sessions; without a difference nothing."""
    after = rights_of(person)
    if after != before:
        changed = [right for right in after if after[right] != before[right]]
        data = {right: [before[right], after[right]] for right in changed}
        drop_sessions(person)
        record("rights-changed", actor=by, subject=person, data=data)


def permissions_of(group):
    """Keys of what a group may do, as they are logged."""
    return sorted(group.permissions.values_list("pk", flat=True))


@transaction.atomic
def log_group_rights(group, before, *, by):
    """Log for each member how the group's permissions differ from `before`, and end their sessions."""
    after = permissions_of(group)
    if after != before:
        for person in User.objects.filter(groups=group).order_by("pk"):
            drop_sessions(person)
            record("rights-changed", actor=by, subject=person, data={f"group:{group.pk}": [before, after]})


@transaction.atomic
def deactivate(person, *, by):
    before = rights_of(person)
    person.is_active = False
    person.save(update_fields=["is_active"])
    log_rights(person, before, by=by)


@transaction.atomic
def end_sessions(person, *, by):
    drop_sessions(person)
    record("sessions-ended", actor=by, subject=person)


def drop_sessions(person):
    User.objects.filter(pk=person.pk).update(session_number=F("session_number") + 1)
    person.refresh_from_db(fields=["session_number"])


def log_membership(verb, membership, *, by):
    """`verb` is membership-added, membership-changed or membership-removed."""
    data = {"team": membership.team_id, "role": membership.role}
    record(verb, actor=by, subject=subject_of(User, membership.person_id), data=data)
