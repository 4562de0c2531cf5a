"""Advisory locks that keep membership changes and headcount updates from missing each other's rows."""

from collections.abc import Iterable

from django.db import connection

LOCKS = 1668576116  # first key of the advisory locks; no other code in this database uses it
SLOTS = 1024  # people share slots: PostgreSQL holds a few thousand locks, and a team can be larger


def lock_memberships_shared(person_ids: Iterable[int]) -> None:
    """Block changes of these people's memberships until the transaction ends. One query on PostgreSQL."""
    lock("pg_advisory_xact_lock_shared", person_ids)


def lock_memberships_exclusive(person_ids: Iterable[int]) -> None:
    """Block other changes of these people's memberships, and headcount updates, until the transaction ends.

    Pass all people at once: locking them one by one can deadlock. One query on PostgreSQL.
    """
    lock("pg_advisory_xact_lock", person_ids)


def lock(function: str, person_ids: Iterable[int]) -> None:
    slots = sorted({person_id % SLOTS for person_id in person_ids})
    if slots and connection.vendor == "postgresql":  # SQLite has one writer at a time
        with connection.cursor() as cursor:
            statement = f"SELECT {function}(%s, slot) FROM unnest(%s::int[]) AS slot"  # noqa: S608 - a constant
            cursor.execute(statement, [LOCKS, slots])
