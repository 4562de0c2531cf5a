"""Sign-in codes handed to people without email: 8 characters, valid for 24 hours, used once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password, make_password
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from courseware.accounts.models import Membership, SignInCode, User
from courseware.accounts.permissions import roles
from courseware.accounts.permissions.permissions import (
    handles_people,
    is_manager,
    is_not_for_admins,
    is_privileged,
    may_change_sign_in,
    may_decide_about,
    people_managed_by,
)
from courseware.accounts.sign_in.account_notices import notify
from courseware.accounts.sign_in.identifiers import person_by_name
from courseware.audit_log.models import Event
from courseware.audit_log.record import record, subject_of

SIGNS = "34679ACDEFGHJKMNPQRTWXY"  # no two look alike
LENGTH = 8
HOLDS_FOR = timedelta(hours=24)
PRESSED_TWICE = timedelta(minutes=2)
CODES_AT_ONCE = 50  # each is hashed like a password
TOKEN_BYTES = 16


class SignInCodeRefused(Exception):
    """`by` may not give this person a code."""


def may_give_code(user, person):
    """Return whether `user` may give `person` a code. HR and superusers: if `may_change_sign_in`. Managers: to learners
    they manage who have no email, no password, no managed team and no role in HR. Nobody may give a code to staff,
    inactive people, or people about whom `user` may not decide.
    """
    if not user.is_active or not person.is_active or is_privileged(person) or not may_decide_about(user, person):
        return False
    if handles_people(user):
        return may_change_sign_in(user, person)
    if handles_people(person) or is_manager(person):  # a code must not give a manager more rights
        return False
    is_out_of_reach = person.email is None and not person.has_usable_password()
    return is_out_of_reach and people_managed_by(user).filter(person=person.pk).exists()


@transaction.atomic
def give_code(person, *, by, at=None, code=None):
    """Give a code (default: random) in place of the last one, notify, and return it. Raise SignInCodeRefused."""
    if not may_give_code(by, person):
        raise SignInCodeRefused
    code = code or "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    given = {"digest": make_password(code), "given_by": by, "given_at": at or timezone.now(), "used_at": None}
    SignInCode.objects.update_or_create(person=person, defaults=given)
    notify(person, "sign-in-code-created", detail=by.name)
    record("sign-in-code-created", actor=by, subject=person, at=at)
    return code


@transaction.atomic
def use_code(name, typed, *, at=None):
    """Use up the code of a sign-in name (from `plain_name`), end sessions, and remove the password. Return the
    SignInCode, with `person` and `given_by` loaded; None if wrong, expired, or if its giver may no longer give it. A
    form sent twice within 2 minutes counts as one use.
    """
    normalized = "".join(character for character in typed.upper() if character.isalnum())
    given = SignInCode.objects.select_related("person", "given_by").filter(person__in=person_by_name(name)).first()
    if given is None:
        make_password(normalized)  # the same work as a check
        return None
    at = at or timezone.now()
    holds = given.given_at <= at < given.given_at + HOLDS_FOR
    if not check_password(normalized, given.digest) or not holds:
        return None
    if not may_give_code(given.given_by, given.person):  # the rights of one of them may have changed
        return None
    # Of two uses at once, only one updates the row.
    if not SignInCode.objects.filter(pk=given.pk, digest=given.digest, used_at=None).update(used_at=at):
        return used_just_now(given, at)
    person = given.person
    person.set_unusable_password()  # a new hash ends all sessions
    person.save(update_fields=["password"])
    record("sign-in-code-used", actor=person, subject=person, data={"given_by": given.given_by_id}, at=at)
    return given


def used_just_now(given, at):
    """Return `given` anew if it was used within 2 minutes, with no password set and no sign-out since; else None."""
    used = SignInCode.objects.filter(pk=given.pk, digest=given.digest, used_at__gt=at - PRESSED_TWICE)
    code = used.select_related("person", "given_by").first()
    if code is None or code.person.has_usable_password():
        return None
    # The next person at a shared computer could send the form again.
    sign_outs = Event.objects.filter(subject=subject_of(code.person), verb="signed-out", at__gte=code.used_at)
    return None if sign_outs.exists() else code


@dataclass(frozen=True)
class SignInCodeSlip:
    person: User
    code: str


def people_without_email() -> QuerySet[User]:
    """Return active people (queryset) with a staff number, but no email, password, managed team, admin or site role."""
    managed = Membership.objects.filter(person=OuterRef("pk"), role=Membership.Role.MANAGER)
    site_roles = User.groups.through.objects.filter(user=OuterRef("pk"), group__name__in=[roles.HR, roles.AUDITORS])
    people = User.objects.filter(is_not_for_admins(), ~Exists(managed), ~Exists(site_roles), is_active=True, email=None)
    people = people.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(staff_number=None)
    return people.order_by("name", "pk")


def valid_codes(people: QuerySet[User], at: datetime) -> QuerySet[SignInCode]:
    return SignInCode.objects.filter(person__in=people, used_at=None, given_at__gt=at - HOLDS_FOR)


def people_without_code(at: datetime) -> QuerySet[User]:
    """Return those of `people_without_email` who have no valid code at `at` (aware)."""
    valid = SignInCode.objects.filter(person=OuterRef("pk"), used_at=None, given_at__gt=at - HOLDS_FOR)
    return people_without_email().filter(~Exists(valid))


def new_form_token() -> str:
    return secrets.token_hex(TOKEN_BYTES)


def code_from(token: str, person: int) -> str:
    """Return the code of `person` (id) that `token` yields: the same form sent twice yields the same code."""
    digest = int.from_bytes(salted_hmac("courseware.accounts.printed_codes", f"{token}:{person}").digest(), "big")
    return "".join(SIGNS[digest // len(SIGNS) ** position % len(SIGNS)] for position in range(LENGTH))


def was_just_given(given, code: str, by: User, at: datetime) -> bool:
    """Return whether `by` gave this code within 2 minutes before `at`. `given`: a SignInCode."""
    is_recent = given.given_by_id == by.pk and given.given_at > at - PRESSED_TWICE
    return is_recent and check_password(code, given.digest)


@transaction.atomic
def give_codes(person_ids: Sequence[int], token: str, *, by: User, at: datetime | None = None) -> list[SignInCodeSlip]:
    """Give codes to `people_without_email` of these ids, at most to CODES_AT_ONCE with the lowest ids. Skip people who
    have a valid code or to whom `by` may not give one. Return slips by name. A second call with the same `token` (from
    `new_form_token`) within 2 minutes returns the same slips.
    """
    at = at or timezone.now()
    token = token if len(token) == 2 * TOKEN_BYTES else new_form_token()
    locked = (
        people_without_email().select_for_update(no_key=True, of=("self",)).filter(pk__in=person_ids).order_by("pk")
    )
    people = list(locked)[:CODES_AT_ONCE]
    valid = {code.person_id: code for code in valid_codes(people_without_email().filter(pk__in=person_ids), at)}
    slips = []
    for person in people:
        code = code_from(token, person.pk)
        if given := valid.get(person.pk):
            if not was_just_given(given, code, by, at):
                continue
        elif is_manager(person) or not may_give_code(by, person):
            continue
        else:
            give_code(person, by=by, at=at, code=code)
        slips.append(SignInCodeSlip(person, code))
    return sorted(slips, key=lambda slip: (slip.person.name, slip.person.pk))
