"""A firm moves from SQLite to PostgreSQL and back: nothing is lost, changed or twice, and they go on where they were.

The rows are read past the product, by the databases' own drivers.
"""

import json
import os
import shutil
import signal
import uuid
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from tests.faults.conftest import SERVER
from tests.faults.sites import Site, new_postgres, prepared, wait_until
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
SETTLED = "done; put its address into DATABASE_URL, and restart the server and the worker"
JOINING = """
import django; django.setup()
from courseware.accounts.models import Team
from tests.making import join, make_user
join(Team.objects.create(name="New"), make_user(email="new@example.com"))
"""


@pytest.fixture(scope="module")
def first_firm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("firm")
    return prepared(folder, f"sqlite:///{folder / 'courseware.sqlite3'}", by="tests.faults.filled_site")


@pytest.fixture
def firm(first_firm, tmp_path):
    shutil.copy(first_firm.file, tmp_path / "courseware.sqlite3")
    return Site(tmp_path, f"sqlite:///{tmp_path / 'courseware.sqlite3'}", first_firm.told)


@pytest.fixture
def elsewhere(tmp_path, firm):
    (tmp_path / "elsewhere").mkdir()
    return Site(tmp_path / "elsewhere", new_postgres(SERVER), firm.told)


def copy(site, other):
    return site.manage("copy_database", "--to", other.database_url)


def all_of(site):
    """Table → each of its rows as texts, and how often; the same on both databases."""
    found = {}
    for table in site.tables():
        columns = sorted(range(len(site.columns(table))), key=site.columns(table).__getitem__)
        rows = site.rows(f'SELECT * FROM "{table}"')
        found[table] = Counter(tuple(plain(row[place]) for place in columns) for row in rows)
    return found


def plain(value):
    """One way to write what each of the two keeps in its own: instants, truth, UUIDs, bytes and JSON."""
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


def test_everything_goes_to_postgresql_and_comes_back_as_it_was(firm, elsewhere, tmp_path):
    with firm.served() as visitor:
        visitor.sign_in(firm.told)
    with firm.connect() as connection:  # from before names were cleaned
        connection.execute("UPDATE accounts_team SET name = name || char(8203) WHERE id = 2")
    before, keys = all_of(firm), last_keys(firm)
    status, printed = copy(firm, elsewhere)
    assert (status, printed.splitlines()[-2:]) == (0, ["0 differences", SETTLED]), printed
    assert f"read again there: {len(before)} tables, {sum(map(Counter.total, before.values()))} rows" in printed
    assert all_of(elsewhere) == before
    (tmp_path / "back").mkdir()
    back = Site(tmp_path / "back", f"sqlite:///{tmp_path / 'back' / 'courseware.sqlite3'}")
    status, printed = copy(elsewhere, back)
    assert (status, printed.splitlines()[-2:]) == (0, ["0 differences", SETTLED]), printed
    assert all_of(back) == before
    assert last_keys(back) == keys


def test_people_go_on_where_they_were(firm, elsewhere):
    """Signed in as before, with the certificate of before; and who is new gets a key that nobody ever had."""
    with firm.served() as visitor:
        cookies = visitor.sign_in(firm.told).cookies
    ever = last_keys(firm)
    assert ever["accounts_team"] > firm.rows("SELECT max(id) FROM accounts_team")[0][0]  # one was deleted
    assert copy(firm, elsewhere)[0] == 0
    with elsewhere.served() as visitor:
        assert Visitor(visitor.port, cookies).get("/").status == 200
        assert visitor.get("/").status == 302
        visitor.sign_in(firm.told)
        assert visitor.get(f"/certificates/{firm.told['certificate']}/").status == 200
    status, printed = elsewhere.run("-c", JOINING)
    assert status == 0, printed
    for table in ("accounts_team", "accounts_user", "accounts_membership"):
        assert elsewhere.rows(f"SELECT max(id) FROM {table}") == [(ever[table] + 1,)], table
    elsewhere.assert_records_agree()


@pytest.mark.parametrize(
    "moment",
    [
        "django.core.management.commands.migrate.emit_pre_migrate_signal",
        "courseware.lib.db.table_copy.insert",
        "courseware.project.database_copy.compare",
    ],
)
def test_a_copy_that_is_killed_leaves_nothing_and_is_called_again(moment, firm, elsewhere):
    before = all_of(firm)
    firm.pause_file.touch()
    arguments = ["-m", "tests.faults.manage", "copy_database", "--to", elsewhere.database_url]
    copying = firm.start(*arguments, PAUSE_IN=moment)
    wait_until(lambda: firm.pause_file.with_suffix(".pid").exists(), f"the copy did not come to {moment}")
    os.kill(copying.pid, signal.SIGKILL)
    copying.communicate(timeout=PATIENCE)
    firm.pause_file.unlink()
    assert all_of(firm) == before
    ours = [table for table in elsewhere.tables() if not table.startswith(("django_", "auth_"))]
    assert [table for table in ours if elsewhere.count(table)] == []
    status, printed = copy(firm, elsewhere)
    assert status == 0, printed
    assert all_of(elsewhere) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE accounts_team SET name = 'A' || char(0) || 'B' WHERE id = 2", "accounts_team, row 2: "),
        ("UPDATE accounts_team SET name = hex(zeroblob(99)) WHERE id = 2", "accounts_team, row 2: value too long"),
        ("UPDATE accounts_membership SET team_id = 77 WHERE id = 1", "accounts_membership"),
    ],
)
def test_a_row_that_postgresql_does_not_take_is_named_and_nothing_is_copied(change, words, firm, elsewhere):
    with firm.connect() as connection:
        connection.execute(change)
    status, printed = copy(firm, elsewhere)
    *_, said = printed.splitlines()
    assert status == 1
    assert said.startswith("CommandError: --to: ") and words in said and said.endswith("; nothing was copied"), printed
    assert elsewhere.count("accounts_user") == elsewhere.count("audit_log_event") == 0
