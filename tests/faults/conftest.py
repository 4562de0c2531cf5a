import os
import signal
from pathlib import Path

import pytest

from tests.faults.sites import copy_of, new_postgres, prepared

SERVER = os.environ.get("DATABASE_URL", "")
IS_POSTGRES = SERVER.startswith("postgres")
IN_FULL = os.environ.get("FAULTS") == "full"
collect_ignore = (
    ["test_sqlite.py", "test_database_copy_refusals.py"]
    if IS_POSTGRES
    else ["test_postgres.py", "test_statement_timeouts.py", "test_database_copy.py"]
)


# Files whose subject is the database server: `.ci/run` runs them on PostgreSQL as well, the others only `make deep`.
ABOUT_POSTGRES = {
    "test_database_copy.py", "test_kills.py", "test_postgres.py", "test_staff_work.py", "test_statement_timeouts.py",
    "test_workers.py",
}  # fmt: skip


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
            if item.path.name not in ABOUT_POSTGRES and not item.get_closest_marker("each_database"):
                item.add_marker(pytest.mark.postgres_in_deep)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_as_in_terminal():
    """Handle Ctrl+C as in a terminal; background processes of a shell ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def access_to_databases_of_sites(django_db_blocker):
    """For `Site.assert_records_agree`."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def first_site(tmp_path_factory):
    """The site all others are copied from."""
    folder = tmp_path_factory.mktemp("first-site")
    return prepared(folder, new_postgres(SERVER) if IS_POSTGRES else f"sqlite:///{folder / 'courseware.sqlite3'}")


@pytest.fixture
def site(first_site, tmp_path):
    site = copy_of(first_site, tmp_path)
    yield site
    site.assert_records_agree()
