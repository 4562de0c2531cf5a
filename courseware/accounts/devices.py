"""Browsers that somebody has signed in from before. Each is known by a signed cookie, until the password changes."""

import secrets

from django.conf import settings

from courseware.accounts import cookies
from courseware.accounts.models import Device
from courseware.accounts.sign_in_names import called

COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
SALT = "courseware.accounts.devices"
# What stands in a User-Agent, the most particular first: most of them also claim to be Chrome, Safari and Linux.
BROWSERS = [
    ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"), ("MicroMessenger/", "WeChat"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
]  # fmt: skip
SYSTEMS = [
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
]  # fmt: skip


def browser_key(request):
    """What this browser's cookie says; empty where it has none, or one that we did not sign."""
    return request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, default="", salt=SALT, max_age=COOKIE_AGE)


def known_device(request, account):
    """The key of this browser if it is known for the account of this name, else empty. Runs one query."""
    key = browser_key(request)
    return key if Device.objects.filter(person__in=called(account), key=key).exists() else ""


def remember(request, response, person):
    """Know this browser from now on, and return whether it is a new one beside others of `person`.

    Several people may share a browser: it has one key, and a row for each of them.
    """
    key = browser_key(request) or secrets.token_hex(16)
    has_others = Device.objects.filter(person=person).exclude(key=key).exists()
    _device, is_new = Device.objects.get_or_create(person=person, key=key)
    response.set_signed_cookie(settings.DEVICE_COOKIE_NAME, key, salt=SALT, **cookies.attributes(COOKIE_AGE))
    return is_new and has_others


def in_words(user_agent):
    """What a person calls this browser, such as “Firefox · Windows”; empty for one that says nothing we know."""
    found = (next((name for sign, name in names if sign in user_agent), "") for names in (BROWSERS, SYSTEMS))
    return " · ".join(filter(None, found))


def forget_all(person):
    Device.objects.filter(person=person).delete()
