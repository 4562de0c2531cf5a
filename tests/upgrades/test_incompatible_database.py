"""A database with other initial migrations is refused in one sentence, and nothing is written.

`before-0.3.json` lists the migrations that version 0.2 recorded.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import Tags, run_checks

from courseware.project import maintenance
from courseware.run import move_aside
from tests.faults.sites import Site, new_postgres
from tests.patience import PATIENCE

pytestmark = pytest.mark.faults
SERVER = os.environ.get("DATABASE_URL", "")
RECORDED = [tuple(each) for each in json.loads(Path(__file__).with_name("before-0.3.json").read_text(encoding="utf-8"))]
ORIGIN = "made by a version with other initial migrations (accounts.0001_initial)"
SENTENCE = f"The database was {ORIGIN}, which cannot be upgraded to this one; see docs/upgrading.md"
PRODUCTION = {"DJANGO_SETTINGS_MODULE": "courseware.settings"}


@pytest.fixture
def old_site(tmp_path):
    """A database with the migrations of version 0.2 and one of its rows."""
    is_postgres = SERVER.startswith("postgres")
    site = Site(tmp_path, new_postgres(SERVER) if is_postgres else f"sqlite:///{tmp_path / 'courseware.sqlite3'}")
    applied = "2026-11-26 12:00:00"
    rows = ", ".join(f"({key}, '{app}', '{name}', '{applied}')" for key, (app, name) in enumerate(RECORDED, start=1))
    connection = site.connect()
    for statement in (
        "CREATE TABLE django_migrations (id bigint, app varchar(255), name varchar(255), applied timestamp)",
        f"INSERT INTO django_migrations VALUES {rows}",
        "CREATE TABLE accounts_user (id bigint, name varchar(200))",
        "INSERT INTO accounts_user VALUES (1, 'Lea Learner')",
    ):
        connection.execute(statement)
    connection.commit()
    connection.close()
    return site


@pytest.fixture
def set_recorded_migrations(monkeypatch):
    """Set the recorded migrations, because tests may create tables without migrations."""

    def record(recorded):
        monkeypatch.setattr(
            maintenance.MigrationRecorder, "applied_migrations", lambda _recorder: dict.fromkeys(recorded)
        )

    return record


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("recorded", "initial"),
    [
        (RECORDED, ["0001_initial"]),
        ([("auth", "0001_initial"), ("accounts", "0001_initial")], ["0001_initial"]),  # 0.2, installed in part
        ([("accounts", "0001_v0_9")], ["0001_v0_9"]),  # later initial migrations, as on another branch
        ([], []),
        ([("auth", "0001_initial")], []),
        ([("accounts", "0001_v0_3c")], []),
        ([("accounts", "0001_v0_3c"), ("accounts", "9999_later")], []),  # a newer version; `Watch` keeps it closed
    ],
)
def test_only_other_initial_migrations_are_an_error(recorded, initial, set_recorded_migrations, monkeypatch):
    known = {(app, "0001_v0_3c") for app in ("accounts", "learning")}
    monkeypatch.setattr(maintenance, "migrations_of_this_version", lambda: frozenset(known))
    set_recorded_migrations(recorded)
    errors = [error for error in run_checks(tags=[Tags.database], databases=["default"]) if error.is_serious()]
    assert [(error.id, error.msg) for error in errors] == [
        ("courseware.E004", SENTENCE.replace("0001_initial", name)) for name in initial
    ]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["-m", "tests.faults.manage", "upgrade"], 1),
        (["-m", "tests.faults.manage", "migrate"], 1),
        (["-m", "tests.faults.manage", "copy_database", "--to", "sqlite:///{}/other.sqlite3"], 1),
        (["-c", "import courseware.wsgi"], 3),
    ],
    ids=["upgrade", "migrate", "copy_database", "server"],
)
def test_commands_and_server_refuse_old_database_unchanged(arguments, status, old_site):
    before = old_site.content()
    ended_with, printed = old_site.run(*(each.format(old_site.folder) for each in arguments), **PRODUCTION)
    assert (ended_with, SENTENCE in printed, "Traceback" in printed) == (status, True, False), printed
    assert old_site.content() == before
    assert not (old_site.folder / "static").exists()


def test_make_run_refuses_old_trial_and_prints_move_command(tmp_path, old_site):
    if old_site.is_postgres:
        pytest.skip("`make run` keeps its trial in SQLite")
    before = old_site.content()
    environment = old_site.env(**PRODUCTION)
    for name in ("DATABASE_URL", "SECRET_KEY"):
        del environment[name]
    ended = subprocess.run(
        [sys.executable, "-m", "courseware.run"],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    reason, how = ended.stderr.splitlines()
    assert reason == SENTENCE
    assert old_site.content() == before
    moved = Path(f"{tmp_path}-old-1")
    assert shlex.split(how.partition("`make run`: ")[2]) == ["mv", str(tmp_path), str(moved)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["courseware.sqlite3", "secret-key"]


def test_trial_is_moved_to_free_name(tmp_path):
    folder = tmp_path / "my trial"
    folder.mkdir()
    (tmp_path / "my trial-old-1").mkdir()
    assert move_aside(folder) == f"mv '{folder}' '{folder}-old-2'"
