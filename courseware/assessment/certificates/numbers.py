"""Numbers of certificates: 12 random signs and a check sign."""

import re
import secrets
import unicodedata

SIGNS = "34679ACDEFGHJKMNPQRTWXY"  # none that looks like another; a prime number of them, see `check_sign`
LENGTH = 12  # 54 random bits: nobody guesses one, and they do not tell how many there are
LONG = re.compile("[0-9a-f]{32}")  # as they were given until November 2026
GROUP = 4


class NoNumber(ValueError):
    """The text cannot be a number."""


class MistypedNumber(NoNumber):
    """The check sign does not fit."""


def new_number() -> str:
    drawn = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    return drawn + check_sign(drawn)


def check_sign(signs: str) -> str:
    """Check sign as in ISBN-10: finds any changed sign and any two exchanged, as the number of signs is prime."""
    return SIGNS[sum(weight * SIGNS.index(sign) for weight, sign in enumerate(signs, start=1)) % len(SIGNS)]


def plain_number(typed: str) -> str:
    """The number as stored, from any way of typing it. Raises NoNumber and MistypedNumber."""
    # A Chinese keyboard writes wide signs, and word processors hyphens of their own.
    plain = re.sub(r"[\s\-‐–—]", "", unicodedata.normalize("NFKC", typed))
    if LONG.fullmatch(plain.lower()):
        return plain.lower()
    plain = plain.upper()
    if len(plain) != LENGTH + 1 or not set(plain) <= set(SIGNS):
        raise NoNumber
    if check_sign(plain[:-1]) != plain[-1]:
        raise MistypedNumber
    return plain


def grouped(number: str) -> str:
    """In groups of four, for reading aloud."""
    return "-".join(number[start : start + GROUP] for start in range(0, len(number), GROUP))
