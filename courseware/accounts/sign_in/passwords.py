"""Password validators, set in AUTH_PASSWORD_VALIDATORS, and hashing with Argon2id in little memory."""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from courseware.branding.branding import newest_key, styles_at

LOOKED_AT = 32  # characters; more do not make it easier to guess, and checking takes time
GUESSES = 10**8  # that 8 random characters withstand


class PasswordLength:
    def __init__(self, least: int, most: int):
        self.least, self.most = least, most

    def validate(self, password, user=None):
        if len(password) < self.least:
            raise ValidationError(
                _("Too short: a password has at least %(number)d characters.") % {"number": self.least}
            )
        if len(password) > self.most:
            raise ValidationError(_("Too long: a password has at most %(number)d characters.") % {"number": self.most})

    def get_help_text(self):
        return ""


class HardToGuess:
    """Reject passwords that are easy to guess. `words`: known to a guesser, as are names of company and person."""

    def __init__(self, words: list[str]):
        self.words = words

    def validate(self, password, user=None):
        from zxcvbn import zxcvbn  # its lists take 15 MB, and most processes do not need them

        person = [user.name, user.email, user.staff_number] if user else []
        known = [*self.words, *words_of([*company_names(), *person])]
        start = password[:LOOKED_AT]
        left = without(known, start)
        if not left or any(zxcvbn(text, user_inputs=known)["guesses"] < GUESSES for text in (start, left)):
            raise ValidationError(_("This password is easy to guess. Use 3 or 4 words that only you would combine."))

    def get_help_text(self):
        return ""


def without(words: list[str], text: str) -> str:
    """Return `text` without those of `words` that are longer than 3 characters, in any case."""
    longest_first = sorted((word for word in words if len(word) > 3), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "", text, flags=re.IGNORECASE) if longest_first else text


def company_names() -> list[str]:
    """Return the company's names: COMPANY_NAME, and those in the branding. At most two queries."""
    styles = styles_at(newest_key().first()).values()
    return [settings.COMPANY_NAME, *(name for style in styles for name in style.words.get("name", {}).values())]


def words_of(texts: Iterable[str | None]) -> list[str]:
    return [word for text in texts if text for word in (text, *re.split(r"\W+", text)) if word]


# Own threads, because the C library keeps the memory of a hash for each thread that has made one.
HASHING = ThreadPoolExecutor(2, thread_name_prefix="hashing")


class SmallArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's settings for the least memory."""

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password, salt):
        return HASHING.submit(super().encode, password, salt).result()

    def verify(self, password, encoded):
        return HASHING.submit(super().verify, password, encoded).result()
