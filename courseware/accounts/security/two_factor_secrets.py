"""Two-factor secrets: encrypt the seeds of two-step verification with SECRET_KEY."""

import logging
from base64 import urlsafe_b64encode
from functools import lru_cache

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from courseware.accounts.sign_in.allauth_internals import generate_totp_secret

logger = logging.getLogger(__name__)
PURPOSE = b"courseware.accounts.security.two_factor_secrets"
SEEDS = ("secret", "seed")  # keys of `Authenticator.data`: of an app, of the recovery codes
CHUNK = 500  # rows


@lru_cache
def cipher(secret_key: str) -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(key))


def ciphers() -> list[Fernet]:
    return [cipher(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def encrypt(seed: str) -> str:
    return ciphers()[0].encrypt(seed.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the seed; a random one, with which each code is wrong, if no key decrypts `stored`."""
    try:
        return MultiFernet(ciphers()).decrypt(stored).decode()
    except InvalidToken:
        logger.error("a seed of two-step verification was encrypted under a SECRET_KEY that is not known any more")
        return generate_totp_secret()


def encrypted_again(stored: str) -> str:
    """Return `stored` encrypted with the current key; unchanged if it already is, or no key decrypts it."""
    try:
        ciphers()[0].decrypt(stored)
    except InvalidToken:
        try:
            return MultiFernet(ciphers()).rotate(stored).decode()
        except InvalidToken:
            pass
    return stored


def encrypted_data(data: dict) -> dict:
    return data | {key: encrypted_again(data[key]) for key in SEEDS if key in data}


def renew_encryption() -> str:
    """Nightly job: encrypt all seeds with the current SECRET_KEY. Return the number of changed rows as text."""
    changed, last = 0, 0
    while chunk := list(Authenticator.objects.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = chunk[-1].pk
        for old in (each for each in chunk if encrypted_data(each.data) != each.data):
            with transaction.atomic():
                # Read again: a recovery code may have been used meanwhile.
                if row := Authenticator.objects.select_for_update(no_key=True).filter(pk=old.pk).first():
                    row.data = encrypted_data(row.data)
                    row.save(update_fields=["data"])
                    changed += 1
    return str(changed)
