"""Browsers that somebody has signed in from before. Each is known by a signed cookie, until the password changes."""

import secrets

from django.conf import settings

from courseware.accounts.models import Device

COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
SALT = "courseware.accounts.devices"


def key_of(request):
    """What this browser's cookie says; empty where it has none, or one that we did not sign."""
    return request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, default="", salt=SALT, max_age=COOKIE_AGE)


def known_device(request, account):
    """The key of this browser if it is known for the account with this address, else empty. Runs one query."""
    key = key_of(request)
    return key if Device.objects.filter(person__email=account, key=key).exists() else ""


def remember(request, response, person):
    """Know this browser from now on. Several people may share one: it has one key, and a row for each of them."""
    key = key_of(request) or secrets.token_hex(16)
    Device.objects.get_or_create(person=person, key=key)
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        key,
        salt=SALT,
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_all(person):
    Device.objects.filter(person=person).delete()
