"""Who changes where somebody belongs waits for whoever counts by it, and the other way round: each would miss what the
other has not committed yet. Nobody else waits: not two who count, nor who signs in.
"""

from collections.abc import Iterable

from django.db import connection

LOCKS = 1668576116  # classid of advisory locks; any number that nobody else in this database uses
SLOTS = 1024  # people share them: PostgreSQL has room for some thousand locks, and a team may have more people


def keep_teams_of(people: Iterable[int]) -> None:
    """Nobody changes their memberships until the transaction ends. Runs one statement on PostgreSQL."""
    lock("pg_advisory_xact_lock_shared", people)


def change_teams_of(people: Iterable[int]) -> None:
    """Nobody else changes their memberships, or counts by them, until the transaction ends. Runs one as well.

    Whoever changes those of several people names all of them at once, before the first: two who came to them one by
    one, each in an order of its own, could wait for each other.
    """
    lock("pg_advisory_xact_lock", people)


def lock(function: str, people: Iterable[int]) -> None:
    slots = sorted({person % SLOTS for person in people})
    if slots and connection.vendor == "postgresql":  # SQLite has one writer
        with connection.cursor() as cursor:
            statement = f"SELECT {function}(%s, slot) FROM unnest(%s::int[]) AS slot"  # noqa: S608 - named by those above
            cursor.execute(statement, [LOCKS, slots])
