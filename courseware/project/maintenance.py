"""503 while the database is upgraded, or has another version than this process. Each process looks by itself.

The upgrade holds a lock, which ends with its process. A stored flag would stay set if the upgrade was killed.
"""

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

LOOK_EVERY = 2  # seconds
RETRY_AFTER = 30  # seconds
ADVISORY = (1668576115, 1)  # classid and objid; any pair that nobody else in this database uses
BOUNDS = ["statement_timeout", "lock_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout"]
logger = logging.getLogger(__name__)


@cache
def migrations_of_this_version() -> frozenset[tuple[str, str]]:
    """Migrations on disk at the first call in this process."""
    return frozenset(MigrationLoader(None).disk_migrations)


def applied() -> frozenset[tuple[str, str]]:
    """Runs one query. Raises DatabaseError in an empty database."""
    return frozenset(MigrationRecorder.Migration.objects.values_list("app", "name"))


def unapplied() -> list[tuple[str, str]]:
    recorded = MigrationRecorder(connection).applied_migrations()
    return sorted(migrations_of_this_version() - set(recorded))


def is_ours(app_label: str) -> bool:
    return app_label in apps.app_configs and apps.get_app_config(app_label).name.startswith("courseware.")


def other_baseline(recorded: Iterable[tuple[str, str]]) -> str:
    """One sentence if these migrations start from other initial migrations than this version, else ""."""
    foreign = set(recorded) - migrations_of_this_version()
    initial = sorted(f"{app}.{name}" for app, name in foreign if is_ours(app) and name.startswith("0001_"))
    if not initial:
        return ""
    origin = f"made by a version with other initial migrations ({initial[0]})"
    return f"{origin}, which cannot be upgraded to this one; see docs/upgrading.md"


def refusal() -> str:
    """Why this version must not write to the database; "" if it may."""
    reason = other_baseline(MigrationRecorder(connection).applied_migrations())
    return f"The database was {reason}" if reason else ""


@register(Tags.database)
def database_is_of_this_baseline(databases=None, **kwargs):
    try:
        reason = refusal() if "default" in (databases or ()) else ""
    except DatabaseError:  # no database yet, or not reachable
        return []
    return [Error(reason, id="courseware.E004")] if reason else []


def take_as_long_as_needed(to_database: BaseDatabaseWrapper) -> None:
    """Lift timeouts that PostgreSQL sets for the user."""
    if to_database.vendor == "postgresql":
        with to_database.cursor() as cursor:
            cursor.execute("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY(%s)", [BOUNDS])


@contextmanager
def closed_site() -> Iterator[None]:
    """Hold the lock of an upgrade, which serving processes look for."""
    if connection.vendor == "postgresql":
        holder = connections.create_connection("default")
        try:
            take_as_long_as_needed(holder)
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
    """Whether an upgrade holds the lock."""
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
    except OSError:  # full or missing disk
        return False
    return False


class Watch:
    """Whether the database has the version of this process, asked before each request and job."""

    def __init__(self) -> None:
        # At start, because `git pull` may change the files later.
        self.known = migrations_of_this_version()
        self.knows_static_files = bool(getattr(staticfiles_storage, "hashed_files", True))
        self.viewed_at = -float(LOOK_EVERY)
        self.told = ""

    def reason(self) -> str:
        """Why this process is to do nothing; "" where it may go on. Looks every two seconds at most."""
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
                return ""  # away: the page itself says so
            return "closed: the database is empty; run manage.py upgrade"
        if reason := other_baseline(recorded):
            return f"closed: the database was {reason}"
        if missing := sorted(self.known - recorded):
            return f"closed: {'.'.join(missing[0])} is not applied; run manage.py upgrade"
        if unknown := sorted(name for name in recorded - self.known if is_ours(name[0])):
            return f"closed: the database knows {'.'.join(unknown[0])}, this process does not; restart it"
        if not self.knows_static_files:
            return "closed: this process began before the static files were there; run manage.py upgrade and restart it"
        return ""


class MaintenanceMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response
        self.watch = Watch()

    def __call__(self, request):
        if not self.watch.reason():
            return self.get_response(request)
        return reject_page("upgrading", RETRY_AFTER)
