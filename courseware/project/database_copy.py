"""Database copy: from the site's database into another, empty one, between SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, IntegrityError, connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from courseware.lib.db.table_copy import (
    AnyModel,
    Contents,
    RowRefused,
    contents_of,
    continue_key_sequence,
    copy_rows,
    delete_rows,
)
from courseware.project.bootstrap import first_line
from courseware.project.database_urls import SQLITE, database_at
from courseware.project.maintenance import (
    is_ours,
    lift_timeouts,
    migrations_of_this_version,
    refusal,
    unapplied,
)

HERE, OTHER = DEFAULT_DB_ALIAS, "other"
FILLED_BY_MIGRATING = {"contenttypes", "auth", "migrations"}  # apps with rows after `migrate`, which are replaced
SAY_EVERY = 100_000  # rows
Say = Callable[[str], None]


@cache
def tables() -> list[AnyModel]:
    """Return models of all tables, including those of migrations and of the cache."""

    class CacheEntry(models.Model):
        cache_key = models.CharField(max_length=255, primary_key=True)
        value = models.TextField()
        expires = models.DateTimeField()

        class Meta:
            apps = Apps()
            app_label = "cache"
            db_table = settings.CACHE_TABLE

        def __str__(self) -> str:
            return self.cache_key

    own = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    return [MigrationRecorder.Migration, CacheEntry, *own]


def unknown_tables(alias: str) -> list[str]:
    """Return the names of the tables in the database `alias` that this version does not know."""
    found = connections[alias].introspection.table_names()
    return sorted(set(found) - {model._meta.db_table for model in tables()})


def connect(address: str) -> None:
    """Let OTHER be the database at the URL `address`. Raise ImproperlyConfigured, or CommandError if it is the site's
    own database or unreachable.
    """
    database = connections.configure_settings({HERE: {}, OTHER: database_at(address, named="--to", bounds={})})[OTHER]
    if place_of(database) == place_of(connections.settings[HERE]):
        raise CommandError("--to: expected another database, this is the one of DATABASE_URL")
    connections.settings[OTHER] = database
    try:
        connections[OTHER].ensure_connection()
        lift_timeouts(connections[OTHER])
    except DatabaseError as error:
        raise CommandError(f"--to: {first_line(error)}") from None


def place_of(database: dict[str, Any]) -> tuple[object, ...]:
    """Return what identifies a database, given its Django settings."""
    if database["ENGINE"] == SQLITE:
        return (Path(database["NAME"]).resolve(),)
    return database["HOST"], database["PORT"], database["NAME"]


def prepare() -> None:
    """Create the tables of OTHER. Raise CommandError if OTHER is not empty or the site's database not up to date."""
    if reason := refusal():
        raise CommandError(reason)
    if missing := unapplied():
        raise CommandError(f"{'.'.join(missing[0])} is not applied here; call manage.py upgrade first")
    refuse_what_is_not_empty()
    with other_as_the_sites():
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", settings.CACHE_TABLE, verbosity=0)


def refuse_what_is_not_empty() -> None:
    """Raise CommandError if the other database has rows, or tables of another version."""
    known = migrations_of_this_version()
    for app, name in sorted(MigrationRecorder(connections[OTHER]).applied_migrations()):
        if is_ours(app) and (app, name) not in known:
            raise CommandError(f"--to: expected an empty database, this one is of another version: it has {app}.{name}")
    if unknown := unknown_tables(OTHER):
        raise CommandError(f"--to: expected an empty database, this one has a table {unknown[0]}")
    there = connections[OTHER].introspection.table_names()
    for model in tables():
        is_filled = model._meta.app_label not in FILLED_BY_MIGRATING and model._meta.db_table in there
        if is_filled and model._base_manager.using(OTHER).exists():
            raise CommandError(f"--to: expected an empty database, this one has rows in {model._meta.db_table}")


def copy_everything(say: Say) -> None:
    """Copy all rows from one snapshot in one transaction; print progress by `say`. If it fails, raise CommandError."""
    with transaction.atomic(using=OTHER), one_moment():
        refuse_what_is_not_empty()
        for model in tables():
            delete_rows(model, OTHER)
        try:
            copied = {model: copy_table(model, say) for model in tables()}
            connections[OTHER].check_constraints()
        except (RowRefused, IntegrityError) as error:
            raise CommandError(f"--to: {first_line(error)}; nothing was copied") from error
        for model in tables():
            if model._meta.auto_field:
                continue_key_sequence(model, HERE, OTHER)
        compare(copied)
        say(f"read again there: {len(copied)} tables, {sum(each.rows for each in copied.values())} rows, all equal")


@contextmanager
def one_moment() -> Iterator[None]:
    """Read from one snapshot within the block. On SQLite the transaction locks out writers."""
    with transaction.atomic(using=HERE):
        if connections[HERE].vendor == "postgresql":
            with connections[HERE].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def copy_table(model: AnyModel, say: Say) -> Contents:
    contents, reported = Contents(), 0
    for contents in copy_rows(model, HERE, OTHER):
        if contents.rows >= reported + SAY_EVERY:
            reported = contents.rows
            say(f"{model._meta.db_table}: {reported} rows so far")
    say(f"{model._meta.db_table}: {contents.rows} rows")
    return contents


def compare(copied: dict[AnyModel, Contents]) -> None:
    """Read the copy again. Raise CommandError if it differs from `copied`: model → contents."""
    different = [model._meta.db_table for model, contents in copied.items() if contents_of(model, OTHER) != contents]
    if different:
        raise CommandError(f"--to: {', '.join(different)}: read again it says something else; nothing was copied")


@contextmanager
def other_as_the_sites() -> Iterator[None]:
    """Use the other database as the default one within the block, for migrations and checks."""
    own, connections[HERE] = connections[HERE], connections[OTHER]
    try:
        yield
    finally:
        connections[HERE] = own
