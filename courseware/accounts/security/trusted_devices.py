"""Trusted devices: browsers in which a person has signed in since the last change of the password."""

import secrets

from django.conf import settings

from courseware.accounts.models import TrustedDevice
from courseware.accounts.security import cookies
from courseware.accounts.sign_in.identifiers import person_by_name

COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
SALT = "courseware.accounts.security.trusted_devices"
# Marks in a User-Agent, the most specific first: most browsers also claim to be Chrome, Safari and Linux.
BROWSERS = [
    ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"), ("MicroMessenger/", "WeChat"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
]  # fmt: skip
SYSTEMS = [
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
]  # fmt: skip


def browser_key(request):
    """Return the key in this browser's signed cookie, or ""."""
    return request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, default="", salt=SALT, max_age=COOKIE_AGE)


def known_device(request, account):
    """Return the browser's key if the account with the sign-in name `account` trusts it, else "". Runs one query."""
    key = browser_key(request)
    return key if TrustedDevice.objects.filter(person__in=person_by_name(account), key=key).exists() else ""


def remember(request, response, person):
    """Trust this browser for `person`; set a cookie. Return whether it is new and `person` already trusted another."""
    key = browser_key(request) or secrets.token_hex(16)
    has_others = TrustedDevice.objects.filter(person=person).exclude(key=key).exists()
    _device, is_new = TrustedDevice.objects.get_or_create(person=person, key=key)
    response.set_signed_cookie(settings.DEVICE_COOKIE_NAME, key, salt=SALT, **cookies.attributes(COOKIE_AGE))
    return is_new and has_others


def in_words(user_agent):
    """Return browser and system of a User-Agent, such as “Firefox · Windows”, or "" if unknown."""
    found = (next((name for mark, name in names if mark in user_agent), "") for names in (BROWSERS, SYSTEMS))
    return " · ".join(filter(None, found))


def forget_all(person):
    TrustedDevice.objects.filter(person=person).delete()
