"""Names and attributes of our own cookies. Those of Django are in the settings."""

from typing import Any

from django.conf import settings


def named(name: str) -> str:
    """Return the cookie name, on https with the prefix `__Host-`: browsers then accept it from this host only."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def attributes(age: int) -> dict[str, Any]:
    """Return arguments of `set_cookie`; `age` in seconds. Scripts and other sites have no access."""
    return {"max_age": age, "secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
