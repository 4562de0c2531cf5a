"""Cookies of our own. Django's, of session and forms, are in the settings."""

from typing import Any

from django.conf import settings


def named(name: str) -> str:
    """The cookie name with the prefix `__Host-` on https: browsers then accept it only from this host."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def attributes(age: int) -> dict[str, Any]:
    """For `set_cookie` and `set_signed_cookie`; `age` in seconds. No script reads them, no other site sends them."""
    return {"max_age": age, "secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
