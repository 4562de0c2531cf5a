"""Names and attributes of our own cookies."""

from typing import Any

from django.conf import settings


def named(name: str) -> str:
    """Return the cookie name; on https it has the prefix `__Host-`, which binds the cookie to this host."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def attributes(age: int) -> dict[str, Any]:
    """Return keyword arguments of `set_cookie`. `age`: in seconds."""
    return {"max_age": age, "secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
