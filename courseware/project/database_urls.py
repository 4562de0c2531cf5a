"""Database URLs: convert one to Django's database settings."""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from courseware.project import bootstrap

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
# For servers, instead of CONN_MAX_AGE. Seconds: the pool stops reconnecting before a request times out, so that the
# first request after a long outage connects at once.
POOL = {"min_size": 1, "max_size": 8, "timeout": 5, "reconnect_timeout": 4}


def database_at(address: str, *, named: str, bounds: Mapping[str, int]) -> dict[str, Any]:
    """Return Django's settings for the database at the URL `address`. Raise ImproperlyConfigured for an invalid URL.
    `named`: setting or option, for errors. `bounds`: PostgreSQL parameter → seconds, used by servers only.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # a warning could contain the password
            database = environ.Env.db_url_config(address)
    except (ImproperlyConfigured, ValueError) as error:
        raise ImproperlyConfigured(f"{named}: expected sqlite:///… or postgres://…, {error}") from None
    if database.get("ENGINE") == SQLITE:
        return database | {
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                # NORMAL may lose the last commits at power loss.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            }
        }
    if database.get("ENGINE") != POSTGRESQL:
        raise ImproperlyConfigured(f"{named}: expected sqlite:///… or postgres://…")
    return database | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "application_name": " ".join(["courseware", *(["server"] if bootstrap.is_serving else sys.argv[1:2])]),
            **({"pool": POOL} if bootstrap.is_serving else {}),
            "options": " ".join(f"-c {name}={value}s" for name, value in bounds.items() if bootstrap.is_serving),
            **database.get("OPTIONS", {}),  # from the URL, such as ?sslmode=verify-full
        },
    }
