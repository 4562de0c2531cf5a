"""Copying the database from SQLite to PostgreSQL and back loses, changes and repeats nothing.

Rows are read past the product, by the drivers of the databases.
"""

import json
import os
import signal
import uuid
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from tests.faults.conftest import SERVER
from tests.faults.sites import Site, copy_of, new_postgres, prepared, wait_until
from tests.faults.visitors import Visitor
from tests.patience import PATIENCE

SOURCES = (
    *(
        "courseware/project/database_copy.py",
        "courseware/project/database_urls.py",
        "courseware/project/maintenance.py",
    ),
    *("courseware/lib/db/table_copy.py", "courseware/lib/text/names.py", "courseware/*/migrations/"),
    "courseware/management/commands/copy_database.py",
)
pytestmark = pytest.mark.only_if_changed(*SOURCES)
COPIED = "done; put its address into DATABASE_URL, and restart the server and the worker"
ADD_MEMBER = """
import django; django.setup()
from courseware.accounts.models import Team
from tests.making import join, make_user
join(Team.objects.create(name="New"), make_user(email="new@example.com"))
"""


@pytest.fixture(scope="module")
def first_company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    return prepared(folder, f"sqlite:///{folder / 'courseware.sqlite3'}", by="tests.faults.filled_site")


@pytest.fixture
def company(first_company, tmp_path):
    return copy_of(first_company, tmp_path)


@pytest.fixture
def target(tmp_path, company):
    (tmp_path / "elsewhere").mkdir()
    return Site(tmp_path / "elsewhere", new_postgres(SERVER), company.told)


def copy(site, other):
    return site.manage("copy_database", "--to", other.database_url)


def all_rows(site):
    """Table → count of each row as texts; the same on both databases."""
    found = {}
    for table in site.tables():
        columns = sorted(range(len(site.columns(table))), key=site.columns(table).__getitem__)
        rows = site.rows(f'SELECT * FROM "{table}"')
        found[table] = Counter(tuple(plain(row[position]) for position in columns) for row in rows)
    return found


def plain(value):
    """One notation for values that the two databases store differently."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        value = json.loads(value)
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else str(value)


def last_keys(site):
    return dict(site.rows("SELECT name, seq FROM sqlite_sequence WHERE seq > 0"))


def test_copy_to_postgresql_and_back_equals_original(company, target, tmp_path):
    with company.served() as visitor:
        visitor.sign_in(company.told)
    with company.connect() as connection:  # from before names were cleaned
        connection.execute("UPDATE accounts_team SET name = name || char(8203) WHERE id = 2")
    before, keys = all_rows(company), last_keys(company)
    status, printed = copy(company, target)
    assert (status, printed.splitlines()[-2:]) == (0, ["0 differences", COPIED]), printed
    assert f"read again there: {len(before)} tables, {sum(map(Counter.total, before.values()))} rows" in printed
    assert all_rows(target) == before
    (tmp_path / "back").mkdir()
    back = Site(tmp_path / "back", f"sqlite:///{tmp_path / 'back' / 'courseware.sqlite3'}")
    status, printed = copy(target, back)
    assert (status, printed.splitlines()[-2:]) == (0, ["0 differences", COPIED]), printed
    assert all_rows(back) == before
    assert last_keys(back) == keys


def test_sessions_and_new_keys_work_after_copy(company, target):
    """Sessions and certificates stay valid, and new rows get keys that were never used."""
    with company.served() as visitor:
        cookies = visitor.sign_in(company.told).cookies
    ever = last_keys(company)
    assert ever["accounts_team"] > company.rows("SELECT max(id) FROM accounts_team")[0][0]  # one was deleted
    assert copy(company, target)[0] == 0
    with target.served() as visitor:
        assert Visitor(visitor.port, cookies).get("/").status == 200
        assert visitor.get("/").status == 302
        visitor.sign_in(company.told)
        assert visitor.get(f"/certificates/{company.told['certificate']}/").status == 200
    status, printed = target.run("-c", ADD_MEMBER)
    assert status == 0, printed
    for table in ("accounts_team", "accounts_user", "accounts_membership"):
        assert target.rows(f"SELECT max(id) FROM {table}") == [(ever[table] + 1,)], table
    target.assert_records_agree()


@pytest.mark.parametrize(
    "moment",
    [
        "django.core.management.commands.migrate.emit_pre_migrate_signal",
        "courseware.lib.db.table_copy.insert",
        "courseware.project.database_copy.compare",
    ],
)
def test_killed_copy_leaves_nothing_and_can_be_repeated(moment, company, target):
    before = all_rows(company)
    company.pause_file.touch()
    arguments = ["-m", "tests.faults.manage", "copy_database", "--to", target.database_url]
    copying = company.start(*arguments, PAUSE_IN=moment)
    wait_until(lambda: company.pause_file.with_suffix(".pid").exists(), f"the copy did not come to {moment}")
    os.kill(copying.pid, signal.SIGKILL)
    copying.communicate(timeout=PATIENCE)
    company.pause_file.unlink()
    assert all_rows(company) == before
    ours = [table for table in target.tables() if not table.startswith(("django_", "auth_"))]
    assert [table for table in ours if target.count(table)] == []
    status, printed = copy(company, target)
    assert status == 0, printed
    assert all_rows(target) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE accounts_team SET name = 'A' || char(0) || 'B' WHERE id = 2", "accounts_team, row 2: "),
        ("UPDATE accounts_team SET name = hex(zeroblob(99)) WHERE id = 2", "accounts_team, row 2: value too long"),
        ("UPDATE accounts_membership SET team_id = 77 WHERE id = 1", "accounts_membership"),
    ],
)
def test_unsupported_row_is_named_and_nothing_copied(change, words, company, target):
    with company.connect() as connection:
        connection.execute(change)
    status, printed = copy(company, target)
    *_, text = printed.splitlines()
    assert status == 1
    assert text.startswith("CommandError: --to: ") and words in text and text.endswith("; nothing was copied"), printed
    assert target.count("accounts_user") == target.count("audit_log_event") == 0
