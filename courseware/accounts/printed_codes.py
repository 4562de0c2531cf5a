"""Create and print sign-in codes for many people who have no email address."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from courseware.accounts import offices
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import is_manager, is_not_for_admins
from courseware.accounts.sign_in_codes import HOLDS_FOR, LENGTH, PRESSED_TWICE, SIGNS, give_code, may_give_code
from courseware.accounts.ways_in import SignInCode

CODES_AT_ONCE = 50  # each is hashed like a password
TOKEN_BYTES = 16


@dataclass(frozen=True)
class Slip:
    person: User
    code: str


def people_without_email() -> QuerySet[User]:
    """Active learners with a staff number, but without an email address and a password."""
    leads = Membership.objects.filter(person=OuterRef("pk"), role=Membership.Role.MANAGER)
    in_office = User.groups.through.objects.filter(user=OuterRef("pk"), group__name__in=[offices.HR, offices.AUDITORS])
    people = User.objects.filter(is_not_for_admins(), ~Exists(leads), ~Exists(in_office), is_active=True, email=None)
    people = people.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(staff_number=None)
    return people.order_by("name", "pk")


def valid_codes(people: QuerySet[User], at: datetime) -> QuerySet[SignInCode]:
    return SignInCode.objects.filter(person__in=people, used_at=None, given_at__gt=at - HOLDS_FOR)


def people_without_code(at: datetime) -> QuerySet[User]:
    valid = SignInCode.objects.filter(person=OuterRef("pk"), used_at=None, given_at__gt=at - HOLDS_FOR)
    return people_without_email().filter(~Exists(valid))


def new_form_token() -> str:
    return secrets.token_hex(TOKEN_BYTES)


def code_from(token: str, person: int) -> str:
    """The code of this person, derived from the form's token: a form sent twice shows the same codes."""
    digest = int.from_bytes(salted_hmac("courseware.accounts.printed_codes", f"{token}:{person}").digest(), "big")
    return "".join(SIGNS[digest // len(SIGNS) ** place % len(SIGNS)] for place in range(LENGTH))


def was_just_given(given, code: str, by: User, at: datetime) -> bool:
    """Whether `by` gave this very code within the last two minutes."""
    is_recent = given.given_by_id == by.pk and given.given_at > at - PRESSED_TWICE
    return is_recent and check_password(code, given.digest)


@transaction.atomic
def give_codes(keys: Sequence[int], token: str, *, by: User, at: datetime | None = None) -> list[Slip]:
    """Give codes to people without a valid one, at most CODES_AT_ONCE. A token repeats its codes for 2 minutes."""
    at = at or timezone.now()
    token = token if len(token) == 2 * TOKEN_BYTES else new_form_token()
    locked = people_without_email().select_for_update(no_key=True, of=("self",)).filter(pk__in=keys).order_by("pk")
    people = list(locked)[:CODES_AT_ONCE]
    valid = {code.person_id: code for code in valid_codes(people_without_email().filter(pk__in=keys), at)}
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
        slips.append(Slip(person, code))
    return sorted(slips, key=lambda slip: (slip.person.name, slip.person.pk))
