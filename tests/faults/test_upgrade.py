"""`manage.py upgrade` beside a site that is served: killed, repeated, and what people are told meanwhile.

Served and upgraded by the settings of a real site: those of the tests go without the look at the database's version.
"""

import os
import signal
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.sites import Site, new_postgres, wait_until
from tests.patience import PATIENCE

REAL = {"DJANGO_SETTINGS_MODULE": "courseware.settings"}
MOMENTS = {
    "before the site is closed": "courseware.management.commands.upgrade.unapplied",
    "while it is closed": "django.core.management.commands.migrate.emit_pre_migrate_signal",
    "after the database": "django.core.management.commands.migrate.emit_post_migrate_signal",
}


def taken_back(site):
    """The site as the version before left it: its last table is not there yet."""
    status, printed = site.manage("migrate", "autosave", "zero")
    assert status == 0, printed
    return site


@contextmanager
def paused_upgrade(site, moment):
    site.pause_file.touch()
    upgrading = site.start("-m", "tests.faults.manage", "upgrade", PAUSE_IN=moment, **REAL)
    wait_until(lambda: site.pause_file.with_suffix(".pid").exists(), f"the upgrade did not come to {moment}")
    yield
    os.kill(upgrading.pid, signal.SIGKILL)
    upgrading.communicate(timeout=PATIENCE)
    site.pause_file.unlink()


def assert_closed(visitor):
    answer = visitor.get("/accounts/login/")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "errors/" not in answer.text
    assert '<main id="main" class="wrap error-page">' in answer.text


def wait_for(visitor, status):
    wait_until(lambda: visitor.get("/accounts/login/").status == status, f"{status} was never answered")


@pytest.mark.parametrize(
    "moment",
    [
        "before the site is closed",
        pytest.param("while it is closed", marks=pytest.mark.each_database),
        "after the database",
    ],
)
def test_an_upgrade_that_is_killed_is_called_again_and_closes_nothing_for_ever(moment, site):
    taken_back(site)
    with paused_upgrade(site, MOMENTS[moment]):
        pass
    status, printed = site.manage("upgrade", **REAL)
    assert (status, printed.splitlines()[-1]) == (0, "done"), printed
    before = site.content()
    status, printed = site.manage("upgrade", **REAL)
    assert (status, printed.splitlines()[-1]) == (0, "done"), printed
    assert site.content() == before
    with site.served(**REAL) as visitor:
        assert visitor.get("/accounts/login/").status == 200


def test_new_code_on_the_database_before_says_503_and_opens_by_itself(site):
    """Also while an upgrade runs and after it was killed; static files go on."""
    taken_back(site)
    assert site.manage("collectstatic", "--no-input", **REAL)[0] == 0
    with site.served(**REAL) as visitor:
        assert_closed(visitor)
        style = next(path for path in visitor.get("/").text.split('"') if path.startswith("/static/css/site"))
        assert visitor.get(style).status == 200
        with paused_upgrade(site, MOMENTS["while it is closed"]):
            assert_closed(visitor)
        assert_closed(visitor)
        assert site.manage("upgrade", **REAL)[0] == 0
        wait_for(visitor, 200)


def test_a_server_that_began_before_everything_else_says_so_until_it_is_restarted(tmp_path, site):
    """A new site, whose server was started first: no table is there, and no style."""
    new = Site(tmp_path, new_postgres(site.database_url) if site.is_postgres else f"sqlite:///{tmp_path}/new.sqlite3")
    log = tmp_path / "server.log"
    with new.served(workers=1, **REAL) as visitor:  # a second one may come up only after the upgrade
        assert_closed(visitor)
        assert new.manage("upgrade", **REAL)[0] == 0
        wait_until(
            lambda: assert_closed(visitor) or "began before the static files" in log.read_text(), "no reason given"
        )
    with new.served(**REAL) as visitor:
        assert visitor.get("/accounts/login/").status == 200


def test_a_process_on_the_code_before_closes_for_the_upgrade_and_stays_closed_until_its_restart(site):
    """A database that knows a migration of ours which the process does not; one of another app closes nothing."""
    assert site.manage("upgrade", **REAL)[0] == 0
    with site.served(workers=1, **REAL) as visitor:  # each process looks by itself
        assert visitor.get("/accounts/login/").status == 200
        add = "INSERT INTO django_migrations (app, name, applied) VALUES ('{}', '9999_later', '2026-11-25 12:00:00+00')"
        change(site, add.format("sessions"))
        assert [visitor.get("/accounts/login/").status for _ in range(3)] == [200] * 3
        change(site, add.format("learning"))
        wait_for(visitor, 503)
        assert_closed(visitor)
        change(site, "DELETE FROM django_migrations WHERE name = '9999_later'")
        wait_for(visitor, 200)


def test_on_postgresql_no_bound_of_its_owner_ends_an_upgrade(site):
    """A migration takes longer than the owner allows, for it waits for a reader of the table it changes."""
    if not site.is_postgres:
        pytest.skip("SQLite bounds no statement")
    change(site, f'ALTER DATABASE "{urlsplit(site.database_url).path[1:]}" SET statement_timeout = 500')
    reader = site.connect()
    reader.autocommit = False
    reader.execute("SELECT 1 FROM learning_enrollment")
    watcher = site.connect()
    watcher.autocommit = True
    watcher.execute("SET statement_timeout = 0")
    upgrading = site.start("-m", "tests.faults.manage", "upgrade", WITH_FAILING_APP="1", **REAL)
    waited = (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND now() - query_start > interval '1 second'"
    )
    wait_until(lambda: watcher.execute(waited).fetchone() or upgrading.poll(), "no migration waits for the reader")
    reader.close()
    watcher.close()
    printed = b"".join(upgrading.communicate(timeout=PATIENCE)).decode()
    assert (upgrading.returncode, printed.splitlines()[-1]) == (0, "done"), printed


def change(site, sql):
    connection = site.connect()
    connection.execute(sql)
    connection.commit()
    connection.close()
