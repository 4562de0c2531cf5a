import fcntl
import gc
import os
import shutil
from contextlib import contextmanager
from io import StringIO

import pytest
from hypothesis import HealthCheck, settings

from tests.examples import DEFAULT, examples
from tests.statements import commits

# The time of an example depends on the load of the machine, so it is not judged.
by_no_clock = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", by_no_clock, max_examples=DEFAULT)  # of `make deep`: see tests/examples.py
settings.register_profile("by-no-clock", by_no_clock, max_examples=examples())
settings.load_profile("by-no-clock")

# Playwright runs an event loop in the test's thread; without this every live_server test would be refused.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


gc.disable()  # until collection ends: saves more than a quarter of its time


ASKING_THE_DATABASE = {"db", "transactional_db", "live_server"}


# Before `-m` is applied, which would else not know the marks given here; the order when all others have made theirs.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if "shipped_folder" in item.fixturenames:
            item.add_marker(pytest.mark.shipped)
        if item.get_closest_marker("django_db") or not ASKING_THE_DATABASE.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.database)
        if "django_db_setup" in item.fixturenames:  # pytest-django creates databases only for tests with this mark
            item.add_marker(pytest.mark.django_db)
    yield
    items[:] = long_ones_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)))


def long_ones_first(items, workers):
    """Spread slow tests over the start of each worker's part of the items."""
    long = [item for item in items if item.get_closest_marker("minutes")]
    short = [item for item in items if not item.get_closest_marker("minutes")]
    ordered = []
    for number in range(workers):
        own = long[number::workers]
        more = max(0, len(items) * (number + 1) // workers - len(ordered) - len(own))
        ordered += own + short[:more]
        short = short[more:]
    return ordered


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Refuse `timezone.now` while test modules are imported: tests run minutes later, many at a fixed date."""
    from django.utils import timezone

    is_collecting, now = True, timezone.now

    def now_unless_collecting():
        if is_collecting:
            raise RuntimeError("A test module reads the clock when it is imported. Read it inside the test.")
        return now()

    timezone.now = now_unless_collecting  # not restored: a module imported meanwhile keeps this function
    try:
        return (yield)
    finally:
        is_collecting = False


def pytest_terminal_summary(terminalreporter):
    """Report measurements; nothing judges them."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.when == "call":
            for name, value in report.user_properties:
                if name == "figures":
                    terminalreporter.write_line(value)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    """Exclude modules and collected tests from garbage collection: they live until the end.

    Also runs in the xdist controller, which collects no tests.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # tests make many objects and few cycles
    gc.enable()


@contextmanager
def one_worker_at_a_time(name):
    from django.conf import settings

    with open(settings.DATA_DIR / name, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings():
    """All workers begin with the same database, each with the copy of it that django_db_setup makes.

    SQLite does not wait for the disk: no test of this process is about power loss.
    """
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def django_db_keepdb():
    """The first worker migrates the database; the others find nothing to do."""
    return True


@pytest.fixture(scope="session")
def django_db_setup(request, worker_id, django_db_blocker):
    from django.db import connection

    with one_worker_at_a_time("migrating"):
        request.getfixturevalue("django_db_setup")  # pytest-django's
        with django_db_blocker.unblock():
            connection.close()
            connection.creation.clone_test_db(worker_id, verbosity=0, autoclobber=True)
    connection.creation.setup_worker_connection(worker_id)


# Rows most packages use; a package or module that needs others defines a fixture of the same name.


@pytest.fixture
def course(db):
    """The sample course, released."""
    from tests.making import make_course

    return make_course()


@pytest.fixture
def team(db):
    from tests.making import make_team, make_user

    return make_team("Night shift", manager=make_user("Li Lin", language="en"))


@pytest.fixture
def signed_in(client, team):
    """The client, signed in as the manager of the team."""
    client.force_login(team.manager)
    return client


@pytest.fixture
def enrollment(client, course):
    """The enrollment of the signed-in learner, due in 9 days."""
    from tests.making import days, make_enrollment

    enrollment = make_enrollment(course=course, due_at=days(9))
    client.force_login(enrollment.learner)
    return enrollment


@pytest.fixture
def services(monkeypatch):
    """The fake server for all chat services."""
    from tests.notifications.chat_services import chat_services

    with chat_services(monkeypatch) as server:
        yield server


@pytest.fixture(scope="session")
def shipped_folder():
    """The folder of the longest shipped course, which has simulations."""
    from django.conf import settings

    return settings.CONTENT_DIR / "customer-service-safety"


@pytest.fixture
def shipped_course(db, shipped_folder):
    """The shipped course, imported and released."""
    from courseware.content.releases.course_files import read_folder
    from tests.making import make_course

    return make_course(read_folder(shipped_folder))


@pytest.fixture(scope="module")
def demo_company(django_db_setup, django_db_blocker, shipped_folder):
    """The demo company in the shipped courses, as `make run` creates it.

    Created once per run, in a file beside the migrated database. Each module works on its own copy of that file.
    """
    from django.conf import settings
    from django.db import connection, transaction

    from tests.making import use_database

    with django_db_blocker.unblock():
        if connection.vendor != "sqlite":
            with transaction.atomic():
                create_demo_company()
                yield
                transaction.set_rollback(True)
            return
        own, demo = connection.settings_dict["NAME"], settings.DATA_DIR / "demo.sqlite3"
        with one_worker_at_a_time("creating-demo"):
            if not demo.exists():
                use_database(copied(settings.DATABASES["default"]["TEST"]["NAME"], f"{demo}.unfinished"))
                create_demo_company()
                connection.close()
                os.rename(f"{demo}.unfinished", demo)
        use_database(copied(demo, f"{own}.demo"))
        yield
        use_database(own)


def create_demo_company():
    from django.core.management import call_command

    call_command("import_content", stdout=StringIO())
    call_command("create_demo")


def copied(source, target):
    shutil.copy(source, target)
    return target


@pytest.fixture(autouse=True, scope="session")
def the_same_files_read_and_compiled_once():
    """Most tests begin with the same course, and reading and compiling it would be half of their time.

    Both are functions of the files' bytes alone, and of who has read what waits, so a course of other bytes is read,
    checked and compiled as ever. Documents and simulations that it shares with an earlier course are read and played
    once: to play a simulation 10,000 times in six ways is nine tenths of a check.
    """
    from courseware.content.releases import course_files, publishing
    from courseware.course_format import course
    from courseware.course_format.checks import simulations
    from courseware.course_format.reports import statistics

    with pytest.MonkeyPatch.context() as patch:
        read_once = once(publishing.read_valid, same_files)
        for module in (course_files, publishing):
            patch.setattr(module, "read_valid", read_once)
        patch.setattr(publishing, "compile_course", once(publishing.compile_course, same_compilation))
        patch.setattr(course, "read", once(course.read, same_document, lambda read: (read[0], list(read[1]))))
        play_once = once(simulations.played_by_all, same_simulation, list)
        for module in (statistics, simulations):
            patch.setattr(module, "played_by_all", play_once)
        yield


def once(work, key_of, copied=lambda result: result):
    """Cache `work` by `key_of(*arguments)`. Arguments are kept alive, so no id is reused."""
    results = {}

    def remembered(*arguments, **options):
        key = key_of(*arguments, **options)
        if key not in results:
            results[key] = arguments, copied(work(*arguments, **options))
        return copied(results[key][1])

    return remembered


def same_files(files, *others):
    return frozenset(files.items()), str(others[1:])  # and by who has read it


def same_compilation(_course, files, *others):
    return same_files(files, *others)


def same_document(path, data, original, inserts):
    return path, data, id(original), None if inserts is None else frozenset(inserts.items())


def same_simulation(simulation, language, *, is_source):
    return repr(simulation), language, is_source


@pytest.fixture(autouse=True, scope="session")
def only_what_tests_write_is_taken_away():
    """After a test that commits, Django would empty all tables and make permissions and groups again, as migrations do
    at their end: most of what such a test takes."""
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


MADE_BY_MIGRATING = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def empty_tables(_case):
    from django.db import connection, transaction

    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    # In any order: foreign keys are checked when the transaction ends.
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables - MADE_BY_MIGRATING:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@pytest.fixture(autouse=True, scope="session")
def codes_of_apps_do_not_grow_old():
    """A code is valid for 30 seconds of the clock, which may pass before the test sends it."""
    from allauth.mfa.totp.internal import auth

    from tests.making import STEP_OF_CODES

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([STEP_OF_CODES]))
        yield


@pytest.fixture(autouse=True, scope="session")
def side_processes_wait_for_a_busy_machine():
    """Preview tests must not fail on a busy machine."""
    from courseware.lib import side_process

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_process, "STARTS_WITHIN", 300)
        patch.setattr(side_process, "LENIENCE", 100)
        yield


@pytest.fixture(autouse=True)
def no_left_over_language():
    """Reset the language after views that switch it."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture
def real_sending_hours():
    """Use the sending hours of the product."""


@pytest.fixture(autouse=True)
def emails_leave_at_any_hour(request, monkeypatch):
    """Send at any hour, so that tests do not depend on the time of day."""
    from courseware.notifications.email import email_types

    if "real_sending_hours" not in request.fixturenames:
        monkeypatch.setattr(email_types, "HOURS", {})


@pytest.fixture(autouse=True)
def nothing_kept_of_releases():
    """Clear the cache of releases: a rolled-back test leaves primary keys to the next one."""
    from courseware.content.releases import changed_sentences, lesson_changes
    from courseware.content.rendering import store

    for kept in (store, changed_sentences, lesson_changes):
        kept.clear_caches()
    yield
    for kept in (store, changed_sentences, lesson_changes):
        kept.clear_caches()


@pytest.fixture(autouse=True)
def nothing_kept_beside_the_database(request):
    """Clear counters in Redis and in the cache table, which rollbacks and table clearing leave."""
    from django.conf import settings
    from django.core.cache import cache

    if settings.CACHE_URL:
        cache.clear()
    blocker = request.getfixturevalue("django_db_blocker") if commits(request.node) else None
    yield
    if blocker:
        with blocker.unblock():
            cache.clear()
