"""Merge checks: whether two accounts can be merged; also, changes of their sign-in."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import AccountMerge, Deputy, Membership, User
from courseware.accounts.permissions.permissions import is_for_admins, may_change_sign_in
from courseware.accounts.permissions.role_changes import drop_sessions
from courseware.audit_log.record import NewEvent


class MergeRefusal(models.TextChoices):
    SAME = "same", _("Choose two different accounts.")
    OWN = "own", _("You cannot merge your own account. Ask another person to do it.")
    STAFF = "staff", _("Accounts of admins and auditors cannot be merged.")
    ADMINS = "admins", _("You cannot change one of these accounts. Ask an admin to merge them.")
    GONE = "gone", _("The account to keep must belong to a current employee.")
    MERGED = "merged", _("One of the two accounts was already merged into another account.")
    HAS_NAMES = (
        "has-names",
        _(
            "An account that already contains another merged account cannot be merged. Choose this account as "
            "the account to keep."
        ),
    )
    LEADS = (
        "leads",
        _(
            "The account to be merged manages a team, is a deputy or has a deputy. First give the team to "
            "another manager, or end the deputy role."
        ),
    )
    TRAINED = (
        "trained",
        _(
            "The account to be merged has external training. First record this training for the account to keep, "
            "and then revoke it for the account to be merged."
        ),
    )


class CannotMerge(Exception):
    def __init__(self, why: MergeRefusal) -> None:
        super().__init__(why)
        self.why = why


def lock_both(one: User, two: User) -> tuple[User, User]:
    """Lock both accounts, the lower id first. Return their current rows in the order of the arguments."""
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=[one.pk, two.pk]).order_by("pk")
    found = {person.pk: person for person in rows}
    return found[one.pk], found[two.pk]


def why_not_merge(kept: User, other: User, by: User) -> MergeRefusal | None:
    """Return why `by`, who `handles_people`, cannot merge `other` into `kept`, or None. Ignores external training."""
    if kept.pk == other.pk:
        return MergeRefusal.SAME
    if by.pk in (kept.pk, other.pk):
        return MergeRefusal.OWN
    if is_for_admins(kept) or is_for_admins(other):
        return MergeRefusal.STAFF
    if not (may_change_sign_in(by, kept) and may_change_sign_in(by, other)):
        return MergeRefusal.ADMINS
    if why := why_not_by_names(kept, other):
        return why
    return why_not_by_teams(other) if kept.is_active else MergeRefusal.GONE


def why_not_by_names(kept: User, other: User) -> MergeRefusal | None:
    merges = AccountMerge.objects.in_force()
    if merges.filter(other__in=[kept.pk, other.pk]).exists():
        return MergeRefusal.MERGED
    return MergeRefusal.HAS_NAMES if merges.filter(kept=other).exists() else None


def why_not_by_teams(other: User) -> MergeRefusal | None:
    managed = Membership.objects.filter(person=other, role=Membership.Role.MANAGER)
    deputies = Deputy.objects.filter(models.Q(manager=other) | models.Q(person=other), ended_at=None)
    return MergeRefusal.LEADS if managed.exists() or deputies.exists() else None


def deactivate_merged(other: User, by: User, at: datetime) -> list[NewEvent]:
    """Deactivate the alias and end its sessions. Return the events to log; [] if it was inactive."""
    return turn(other, False, by, at) if other.is_active else []


def reactivate_merged(merge: AccountMerge, by: User, at: datetime) -> list[NewEvent]:
    """Activate the alias if it was active before the merge. Return the events to log, or []."""
    return turn(merge.other, True, by, at) if merge.was_active and not merge.other.is_active else []


def turn(person: User, is_active: bool, by: User, at: datetime) -> list[NewEvent]:
    """Set `is_active`, save, and end sessions. Return the events to log."""
    person.is_active = is_active
    person.save(update_fields=["is_active"])
    drop_sessions(person)
    return [NewEvent("rights-changed", person, by, {"is_active": [not is_active, is_active]}, at)]
