"""From the address of a database, as an operator writes it, to what Django connects by."""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from courseware import starting

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
# A pool instead of CONN_MAX_AGE; the check makes the first request after a restart of the database succeed. It gives up
# reconnecting (seconds) before a request gives up waiting: so the first one after a long outage tries at once, and does
# not find the pool waiting for a next try that is minutes away. A command has one connection of its own, and says at
# once why it has none.
POOL = {"min_size": 1, "max_size": 8, "timeout": 5, "reconnect_timeout": 4}


def database_at(address: str, *, named: str, bounds: Mapping[str, int]) -> dict[str, Any]:
    """`named` is where the address was given; `bounds`, in seconds, are of a server alone and of PostgreSQL.

    Raises ImproperlyConfigured for an address that makes no sense.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # an address it does not know is warned of with its password
            database = environ.Env.db_url_config(address)
    except (ImproperlyConfigured, ValueError) as error:
        raise ImproperlyConfigured(f"{named}: expected sqlite:///… or postgres://…, {error}") from None
    if database.get("ENGINE") == SQLITE:
        return database | {
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                # FULL, because NORMAL may lose the last commits at power loss.
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
            "application_name": called(),
            **({"pool": POOL} if starting.is_serving else {}),
            "options": " ".join(f"-c {name}={value}s" for name, value in bounds.items() if starting.is_serving),
            **database.get("OPTIONS", {}),  # of the address, as ?sslmode=verify-full
        },
    }


def called() -> str:
    """By what an administrator of PostgreSQL knows this process among its sessions."""
    return " ".join(["courseware", *(["server"] if starting.is_serving else sys.argv[1:2])])
