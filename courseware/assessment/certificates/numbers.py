"""Certificate numbers: 12 random characters and a check character."""

import re
import secrets
import unicodedata

SIGNS = "34679ACDEFGHJKMNPQRTWXY"  # without lookalikes; their number is prime, see `check_sign`
LENGTH = 12  # 54 random bits: cannot be guessed, and does not reveal how many exist
LONG = re.compile("[0-9a-f]{32}")  # format until November 2026
GROUP = 4


class InvalidNumber(ValueError):
    """The text cannot be a certificate number."""


class MistypedNumber(InvalidNumber):
    """The check character is wrong."""


def new_number() -> str:
    drawn = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    return drawn + check_sign(drawn)


def check_sign(signs: str) -> str:
    """Return the check character (as in ISBN-10), which detects 1 change or 1 swap. Raise ValueError outside SIGNS."""
    return SIGNS[sum(weight * SIGNS.index(sign) for weight, sign in enumerate(signs, start=1)) % len(SIGNS)]


def plain_number(typed: str) -> str:
    """Return the number as stored, from any way of typing it. Raise InvalidNumber, or its subclass MistypedNumber."""
    # Chinese keyboards write full-width characters, word processors their own hyphens.
    plain = re.sub(r"[\s\-‐–—]", "", unicodedata.normalize("NFKC", typed))
    if LONG.fullmatch(plain.lower()):
        return plain.lower()
    plain = plain.upper()
    if len(plain) != LENGTH + 1 or not set(plain) <= set(SIGNS):
        raise InvalidNumber
    if check_sign(plain[:-1]) != plain[-1]:
        raise MistypedNumber
    return plain


def grouped(number: str) -> str:
    """Return the number in groups of 4 with hyphens, for reading aloud."""
    return "-".join(number[start : start + GROUP] for start in range(0, len(number), GROUP))
