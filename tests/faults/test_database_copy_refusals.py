"""Refused database copies: one sentence, and nothing is changed."""

import sqlite3
from contextlib import closing

import pytest

from tests.faults.sites import Site
from tests.faults.test_database_copy import SOURCES

pytestmark = pytest.mark.only_if_changed(*SOURCES)


@pytest.fixture
def other(tmp_path):
    (tmp_path / "other").mkdir()
    return Site(tmp_path / "other", f"sqlite:///{tmp_path}/other/courseware.sqlite3")


def execute(site, *statements):
    with closing(sqlite3.connect(site.file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def refusal(site, address):
    status, printed = site.manage("copy_database", "--to", address)
    assert status == 1, printed
    return printed.removeprefix("CommandError: --to: ").rstrip("\n")


def migrated(other):
    assert other.manage("migrate")[0] == 0
    return other


MARK = "INSERT INTO django_migrations (app, name, applied) VALUES ('{}', '9999_later', '2026-11-25 12:00:00')"
TEAM = "INSERT INTO accounts_team (name, time_zone, ancestors) VALUES ('Somebody else', '', '/')"
NOT_EMPTY = "expected an empty database, this one has "


def test_unreachable_address_is_refused_in_one_sentence(site, tmp_path):
    assert refusal(site, "nonsense").startswith("expected sqlite:///… or postgres://…")
    assert refusal(site, "oracle://nowhere/x") == "expected sqlite:///… or postgres://…"
    assert refusal(site, f"sqlite:///{tmp_path}/nowhere/x.sqlite3") == "unable to open database file"
    assert "127.0.0.1" in refusal(site, "postgres://a:b@127.0.0.1:1/x")
    (tmp_path / "x.sqlite3").write_text("a letter\n" * 100)
    assert refusal(site, f"sqlite:///{tmp_path}/x.sqlite3") == "file is not a database"


def test_own_database_is_refused(site):
    own = "expected another database, this is the one of DATABASE_URL"
    assert refusal(site, site.database_url) == own
    if not site.is_postgres:
        assert refusal(site, site.database_url.replace("courseware.sqlite3", "./courseware.sqlite3")) == own


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([TEAM], f"{NOT_EMPTY}rows in accounts_team"),
        (["CREATE TABLE poems (line text)"], f"{NOT_EMPTY}a table poems"),
        (
            [MARK.format("learning")],
            "expected an empty database, this one is of another version: it has learning.9999_later",
        ),
    ],
)
def test_database_with_content_is_refused_unchanged(statements, words, site, other):
    execute(migrated(other), *statements)
    before = other.content()
    assert refusal(site, other.database_url) == words
    assert other.content() == before


def test_site_of_earlier_version_must_be_upgraded_first(site, other):
    assert site.manage("migrate", "autosave", "zero")[0] == 0
    status, printed = site.manage("copy_database", "--to", other.database_url)
    assert status == 1
    assert printed.startswith("CommandError: autosave.0001_") and printed.endswith("call manage.py upgrade first\n")
    assert other.tables() == []
    assert site.manage("migrate")[0] == 0


def test_freshly_migrated_database_is_accepted(site, other):
    """Also with a migration of a newer Django."""
    execute(migrated(other), MARK.format("sessions"))
    status, printed = site.manage("copy_database", "--to", other.database_url)
    assert (status, "0 differences\n" in printed) == (0, True), printed
    assert other.count("learning_answer") == site.count("learning_answer")
    other.assert_records_agree()
