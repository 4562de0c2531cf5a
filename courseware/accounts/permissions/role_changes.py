"""Role changes: changes of people's permissions and roles. Each is logged and ends the person's sessions."""

from django.db import transaction
from django.db.models import F

from courseware.accounts.api_keys import end_all_keys
from courseware.accounts.models import User
from courseware.audit_log.record import NewEvent, record, record_many, subject_of


def rights_of(person):
    """Return field → value of the permissions of `person`, with ids of groups and permissions. Runs two queries."""
    return {
        "is_active": person.is_active,
        "is_staff": person.is_staff,
        "is_superuser": person.is_superuser,
        "groups": sorted(person.groups.values_list("pk", flat=True)),
        "permissions": sorted(person.user_permissions.values_list("pk", flat=True)),
        "audits_until": person.audits_until and person.audits_until.isoformat(),
    }


RIGHTS_OF_NOBODY = {
    "is_active": True,
    "is_staff": False,
    "is_superuser": False,
    "groups": [],
    "permissions": [],
    "audits_until": None,
}


def log_rights(person, before, *, by):
    """If permissions differ from `before` (from `rights_of`), log it and end sessions, and API keys if inactive."""
    log_rights_of_all([(person, before)], by=by)


@transaction.atomic
def log_rights_of_all(people, *, by):
    """Do what `log_rights` does for each of `people`: (user, earlier result of `rights_of`) pairs, ordered by id."""
    events = []
    for person, before in people:
        after = rights_of(person)
        changed = {right: [before[right], after[right]] for right in after if after[right] != before[right]}
        if changed:
            drop_sessions(person)
            if not person.is_active:
                end_all_keys(person, by=by)
            events.append(NewEvent("rights-changed", person, by, changed))
    record_many(events)


def permissions_of(group):
    """Return the ids of the permissions of `group`, sorted."""
    return sorted(group.permissions.values_list("pk", flat=True))


@transaction.atomic
def log_group_rights(group, before, *, by):
    """If permissions of `group` differ from `before` (of `permissions_of`), log it and end sessions of all members."""
    after = permissions_of(group)
    if after != before:
        members = list(User.objects.filter(groups=group).order_by("pk"))
        for person in members:
            drop_sessions(person)
        data = {f"group:{group.pk}": [before, after]}
        record_many(NewEvent("rights-changed", person, by, data) for person in members)


@transaction.atomic
def deactivate(person, *, by):
    """Deactivate `person`, log it, and end sessions and API keys; manager roles stay. Do nothing if inactive."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # `offboarding.leave` takes the same lock
    person.refresh_from_db()
    before = rights_of(person)
    person.is_active = False
    person.save(update_fields=["is_active"])
    log_rights(person, before, by=by)


@transaction.atomic
def end_sessions(person, *, by):
    """End sessions and API keys of `person`, and log it."""
    drop_sessions(person)
    end_all_keys(person, by=by)
    record("sessions-ended", actor=by, subject=person)


def drop_sessions(person):
    """End all sessions of `person`, without a log entry."""
    User.objects.filter(pk=person.pk).update(session_number=F("session_number") + 1)
    person.refresh_from_db(fields=["session_number"])


def log_memberships(memberships, *, by):
    """Log changes of memberships. `memberships`: pairs of event type, such as "membership-added", and membership."""
    record_many(
        NewEvent(verb, subject_of(User, each.person_id), by, {"team": each.team_id, "role": each.role})
        for verb, each in memberships
    )
