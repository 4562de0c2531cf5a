"""Maintenance mode: 503 while the database is upgraded, or if its version differs from that of this process."""

import fcntl
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import Error, Tags, register
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from courseware.project.error_pages import reject_page

LOOK_EVERY = 2  # seconds between two looks of a process at the lock and the migrations
RETRY_AFTER = 30  # seconds
ADVISORY = (1668576115, 1)  # classid and objid; a pair that no other code in this database uses
BOUNDS = ["statement_timeout", "lock_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout"]
logger = logging.getLogger(__name__)


@cache
def migrations_of_this_version() -> frozenset[tuple[str, str]]:
    """Return (app, name) of the migrations on disk at the first call in this process."""
    return frozenset(MigrationLoader(None).disk_migrations)


def applied() -> frozenset[tuple[str, str]]:
    """Return (app, name) of the applied migrations. Runs 1 query. Raise DatabaseError in an empty database."""
    return frozenset(MigrationRecorder.Migration.objects.values_list("app", "name"))


def unapplied() -> list[tuple[str, str]]:
    """Return (app, name) of the migrations that are not applied, sorted. Works in an empty database."""
    recorded = MigrationRecorder(connection).applied_migrations()
    return sorted(migrations_of_this_version() - set(recorded))


def is_ours(app_label: str) -> bool:
    return app_label in apps.app_configs and apps.get_app_config(app_label).name.startswith("courseware.")


def other_baseline(recorded: Iterable[tuple[str, str]]) -> str:
    """Return "made by …", why a database with these applied migrations (app, name) cannot be upgraded; "" if it can."""
    foreign = set(recorded) - migrations_of_this_version()
    initial = sorted(f"{app}.{name}" for app, name in foreign if is_ours(app) and name.startswith("0001_"))
    if not initial:
        return ""
    origin = f"made by a version with other initial migrations ({initial[0]})"
    return f"{origin}, which cannot be upgraded to this one; see docs/upgrading.md"


def refusal() -> str:
    """Return why this version must not write to the database, or ""."""
    reason = other_baseline(MigrationRecorder(connection).applied_migrations())
    return f"The database was {reason}" if reason else ""


@register(Tags.database)
def database_is_of_this_baseline(databases=None, **kwargs):
    try:
        reason = refusal() if "default" in (databases or ()) else ""
    except DatabaseError:  # no database yet, or not reachable
        return []
    return [Error(reason, id="courseware.E004")] if reason else []


def lift_timeouts(to_database: BaseDatabaseWrapper) -> None:
    """Lift the timeouts that PostgreSQL sets for the user, for this connection."""
    if to_database.vendor == "postgresql":
        with to_database.cursor() as cursor:
            cursor.execute("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY(%s)", [BOUNDS])


@contextmanager
def closed_site() -> Iterator[None]:
    """Hold the maintenance lock within the block, after waiting for another holder. It ends with the process."""
    if connection.vendor == "postgresql":
        holder = connections.create_connection("default")
        try:
            lift_timeouts(holder)
            with holder.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", ADVISORY)
            yield
        finally:
            with holder.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", ADVISORY)
            holder.close()
    else:
        with (settings.DATA_DIR / "upgrade.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def is_closed() -> bool:
    """Return whether an upgrade, restore or copy holds the maintenance lock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND "
                "objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
                ADVISORY,
            )
            return bool(cursor.fetchone()[0])
    try:
        with (settings.DATA_DIR / "upgrade.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # the disk is full or missing
        return False
    return False


class Watch:
    """Compares the version of the database with that of this process, before each request and job."""

    def __init__(self) -> None:
        # Read at start, because `git pull` may change the files later.
        self.known = migrations_of_this_version()
        self.knows_static_files = bool(getattr(staticfiles_storage, "hashed_files", True))
        self.viewed_at = -float(LOOK_EVERY)
        self.told = ""

    def reason(self) -> str:
        """Return why this process must pause, or "". Checks at most every LOOK_EVERY seconds, and logs changes."""
        if time.monotonic() - self.viewed_at >= LOOK_EVERY:
            self.viewed_at = time.monotonic()
            reason = self.reason_to_be_closed()
            if reason != self.told:
                logger.warning("%s", reason or "open again")
            self.told = reason
        return self.told

    def reason_to_be_closed(self) -> str:
        try:
            if is_closed():
                return "closed: manage.py upgrade, restore or copy_database is running"
            recorded = applied()
        except DatabaseError:
            if not connection.is_usable():
                return ""  # unreachable: the error page says so
            return "closed: the database is empty; run manage.py upgrade"
        if reason := other_baseline(recorded):
            return f"closed: the database was {reason}"
        if missing := sorted(self.known - recorded):
            return f"closed: {'.'.join(missing[0])} is not applied; run manage.py upgrade"
        if unknown := sorted(name for name in recorded - self.known if is_ours(name[0])):
            return f"closed: the database knows {'.'.join(unknown[0])}, this process does not; restart it"
        if not self.knows_static_files:
            return "closed: this process started before the static files existed; run manage.py upgrade and restart it"
        return ""


class MaintenanceMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response
        self.watch = Watch()

    def __call__(self, request):
        if not self.watch.reason():
            return self.get_response(request)
        return reject_page("upgrading", RETRY_AFTER)
