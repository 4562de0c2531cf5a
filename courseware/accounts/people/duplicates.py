"""Duplicate accounts: pairs with the same staff number, address or name in another spelling."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import is_for_admins

FIELDS = ("name", "email", "staff_number", "is_staff", "is_superuser", "audits_until")


class DuplicateReason(models.TextChoices):
    NUMBER = "number", _("same staff number in another format")
    ADDRESS = "address", _("same email address in another format")
    NAME = "name", _("same name")


@dataclass(frozen=True)
class Duplicate:
    first: User
    second: User
    why: DuplicateReason


def number_key(person: Any) -> str:
    """Return the staff number of a person or row for comparison, or "": A-0012, A12 and A.012 are equal."""
    plain = re.sub(r"[^0-9A-Z]", "", person.staff_number or "")
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain)


def address_key(person: Any) -> str:
    """Return the address for comparison, or "": without dots and any +suffix before the @."""
    local, _at, domain = (person.email or "").partition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}" if domain else ""


def name_key(person: Any) -> str:
    """Return the name for comparison: WANG Xiao-Ming and Xiaoming Wang are equal."""
    words = re.sub(r"[-'’·]", "", unicodedata.normalize("NFKC", person.name).casefold()).split()
    return " ".join(sorted(words)) if person.name.isascii() else "".join(words)


def have_two_numbers(one: Any, two: Any) -> bool:
    """Return whether both have a staff number: then they are two people."""
    return bool(one.staff_number and two.staff_number)


KEYS: dict[DuplicateReason, Callable[[Any], str]] = {
    DuplicateReason.NUMBER: number_key,
    DuplicateReason.ADDRESS: address_key,
    DuplicateReason.NAME: name_key,
}


def find_duplicates(*, without: User, most: int) -> tuple[list[Duplicate], int]:
    """Return (likeliest pairs, up to `most`; number of others) of active people, not staff, auditors, `without`."""
    people = User.objects.filter(is_active=True).exclude(pk=without.pk).order_by("pk")
    rows = people.values_list("id", *FIELDS, named=True).iterator()  # rows, because there can be many
    pairs = pairs_among([row for row in rows if not is_for_admins(row)])
    shown = dict(list(pairs.items())[:most])
    known = User.objects.in_bulk({key for pair in shown for key in pair})
    return [Duplicate(known[one], known[two], why) for (one, two), why in shown.items()], len(pairs) - len(shown)


def pairs_among(people: Sequence[Any]) -> dict[tuple[int, int], DuplicateReason]:
    """Return (id, id) → first reason in KEYS. `people`: users or rows, by id. Equal people pair with their first."""
    found: dict[tuple[int, int], DuplicateReason] = {}
    for why, key in KEYS.items():
        groups = defaultdict(list)
        for person in people:
            if value := key(person):
                groups[value].append(person)
        for one, *others in groups.values():
            for two in others:
                if why != DuplicateReason.NAME or not have_two_numbers(one, two):
                    found.setdefault((one.id, two.id), why)
    return found
