"""Cookies of our own. Django's, of session and forms, are in the settings."""

from typing import Any

from django.conf import settings


def named(name: str) -> str:
    """With the prefix by which browsers take a cookie from this host alone, over https."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def attributes(age: int) -> dict[str, Any]:
    """For `set_cookie` and `set_signed_cookie`; `age` in seconds. No script reads them, no other site sends them."""
    return {"max_age": age, "secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
