"""`manage.py upgrade` beside a running site: killed, repeated, and what visitors see meanwhile.

Uses the production settings, because the test settings skip the check of the database version.
"""

import os
import signal
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.sites import Site, new_postgres, wait_until
from tests.patience import PATIENCE

PRODUCTION = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings_as_served"}
MOMENTS = {
    "before the site is closed": "courseware.management.commands.upgrade.unapplied",
    "while it is closed": "django.core.management.commands.migrate.emit_pre_migrate_signal",
    "after the database": "django.core.management.commands.migrate.emit_post_migrate_signal",
}


def downgraded(site):
    """The site as the previous version left it: its last table is missing."""
    status, printed = site.manage("migrate", "autosave", "zero")
    assert status == 0, printed
    return site


@contextmanager
def paused_upgrade(site, moment):
    site.pause_file.touch()
    upgrading = site.start("-m", "tests.faults.manage", "upgrade", PAUSE_IN=moment, **PRODUCTION)
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
        pytest.param("before the site is closed", marks=pytest.mark.deep),
        pytest.param("while it is closed", marks=pytest.mark.each_database),
        pytest.param("after the database", marks=pytest.mark.deep),
    ],
)
def test_killed_upgrade_can_be_repeated_and_site_reopens(moment, site):
    downgraded(site)
    with paused_upgrade(site, MOMENTS[moment]):
        pass
    status, printed = site.manage("upgrade", **PRODUCTION)
    assert (status, printed.splitlines()[-1]) == (0, "done"), printed
    before = site.content()
    status, printed = site.manage("upgrade", **PRODUCTION)
    assert (status, printed.splitlines()[-1]) == (0, "done"), printed
    assert site.content() == before
    with site.served(**PRODUCTION) as visitor:
        assert visitor.get("/accounts/login/").status == 200


def test_new_code_on_old_database_gives_503_until_upgrade(site):
    """Also during an upgrade and after it was killed; static files are still served."""
    downgraded(site)
    assert site.manage("collectstatic", "--no-input", **PRODUCTION)[0] == 0
    with site.served(**PRODUCTION) as visitor:
        assert_closed(visitor)
        style = next(path for path in visitor.get("/").text.split('"') if path.startswith("/static/css/site"))
        assert visitor.get(style).status == 200
        with paused_upgrade(site, MOMENTS["while it is closed"]):
            assert_closed(visitor)
        assert_closed(visitor)
        assert site.manage("upgrade", **PRODUCTION)[0] == 0
        wait_for(visitor, 200)


def test_server_started_before_upgrade_stays_closed_until_restart(tmp_path, site):
    """A new site whose server starts first: no tables and no static files."""
    new = Site(tmp_path, new_postgres(site.database_url) if site.is_postgres else f"sqlite:///{tmp_path}/new.sqlite3")
    log = tmp_path / "server.log"
    with new.served(workers=1, **PRODUCTION) as visitor:  # a second one may come up only after the upgrade
        assert_closed(visitor)
        assert new.manage("upgrade", **PRODUCTION)[0] == 0
        wait_until(
            lambda: assert_closed(visitor) or "started before the static files" in log.read_text(), "no reason given"
        )
    with new.served(**PRODUCTION) as visitor:
        assert visitor.get("/accounts/login/").status == 200


def test_old_code_closes_while_database_is_newer(site):
    """Only unknown migrations of Courseware close the site, not those of other apps."""
    assert site.manage("upgrade", **PRODUCTION)[0] == 0
    with site.served(workers=1, **PRODUCTION) as visitor:  # each process looks by itself
        assert visitor.get("/accounts/login/").status == 200
        add = "INSERT INTO django_migrations (app, name, applied) VALUES ('{}', '9999_later', '2026-11-25 12:00:00+00')"
        change(site, add.format("sessions"))
        assert [visitor.get("/accounts/login/").status for _ in range(3)] == [200] * 3
        change(site, add.format("learning"))
        wait_for(visitor, 503)
        assert_closed(visitor)
        change(site, "DELETE FROM django_migrations WHERE name = '9999_later'")
        wait_for(visitor, 200)


def test_statement_timeout_of_owner_does_not_end_upgrade(site):
    """A migration waits for a reader longer than the owner's statement timeout."""
    if not site.is_postgres:
        pytest.skip("SQLite bounds no statement")
    change(site, f'ALTER DATABASE "{urlsplit(site.database_url).path[1:]}" SET statement_timeout = 500')
    reader = site.connect()
    reader.autocommit = False
    reader.execute("SELECT 1 FROM learning_enrollment")
    watcher = site.connect()
    watcher.autocommit = True
    watcher.execute("SET statement_timeout = 0")
    upgrading = site.start("-m", "tests.faults.manage", "upgrade", WITH_FAILING_APP="1", **PRODUCTION)
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
