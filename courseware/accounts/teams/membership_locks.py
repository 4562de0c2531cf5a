"""Advisory locks: without them membership and headcount changes could miss each other's uncommitted rows."""

from collections.abc import Iterable

from django.db import connection

LOCKS = 1668576116  # classid of advisory locks; any number that nobody else in this database uses
SLOTS = 1024  # people share them: PostgreSQL has room for some thousand locks, and a team may have more people


def lock_teams_of(people: Iterable[int]) -> None:
    """Block membership changes of these people until the transaction ends. Runs one statement on PostgreSQL."""
    lock("pg_advisory_xact_lock_shared", people)


def change_teams_of(people: Iterable[int]) -> None:
    """Block other changes of, and counting by, their memberships. Pass all people at once: this prevents deadlocks."""
    lock("pg_advisory_xact_lock", people)


def lock(function: str, people: Iterable[int]) -> None:
    slots = sorted({person % SLOTS for person in people})
    if slots and connection.vendor == "postgresql":  # SQLite has one writer
        with connection.cursor() as cursor:
            statement = f"SELECT {function}(%s, slot) FROM unnest(%s::int[]) AS slot"  # noqa: S608 - named by those above
            cursor.execute(statement, [LOCKS, slots])
