"""A backup holds one moment, whole; restored elsewhere the site is as it was. Broken on the way: nothing half. F15."""

import json
import os
import shutil
import signal
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.faults.conftest import IS_POSTGRES
from tests.faults.disks import small_disk
from tests.faults.sites import Site, new_postgres, prepared, wait_until
from tests.faults.sites import copy_of as copied
from tests.patience import PATIENCE


def empty_site(folder, like):
    folder.mkdir(exist_ok=True)
    url = new_postgres(like.database_url) if like.is_postgres else f"sqlite:///{folder / 'courseware.sqlite3'}"
    return Site(folder, url, like.told)


@pytest.fixture(scope="module")
def first_firm(first_site, tmp_path_factory):
    firm = empty_site(tmp_path_factory.mktemp("firm"), first_site)
    return prepared(firm.folder, firm.database_url, by="tests.faults.filled_site")


@pytest.fixture
def firm(first_firm, tmp_path):
    firm = copied(first_firm, tmp_path)
    firm.environment["BACKUP_DIR"] = str(tmp_path / "backups")
    (tmp_path / "backups").mkdir()
    return firm


def backups(site):
    """Everything that lies in its folder of backups."""
    return sorted(Path(site.environment["BACKUP_DIR"]).iterdir())


def back_up(site):
    status, printed = site.manage("backup")
    assert status == 0, printed
    return backups(site)[-1]


# Sessions, known browsers and caches stay out of a backup.
LEFT_OUT = {"django_session", "usersessions_usersession", "accounts_trusteddevice", "cache"}


def everything(site):
    """All of its tables."""
    return {table: sorted(map(repr, site.rows(f'SELECT * FROM "{table}"'))) for table in site.tables()}


def restored(before):
    """What `everything` is after a restore of a backup that was made at `before`."""
    return before | {table: [] for table in LEFT_OUT}


def refusal(site, *arguments):
    status, printed = site.manage(*arguments)
    assert status == 1, printed
    (line,) = printed.splitlines()
    return line.removeprefix("CommandError: ")


def execute(site, *statements):
    connection = site.connect()
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_backup_that_is_restored_elsewhere_is_the_site_as_it_was(firm, tmp_path):
    with firm.served() as visitor:
        visitor.sign_in(firm.told)
    before = everything(firm)
    file = back_up(firm)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert everything(firm) == before
    other = empty_site(tmp_path / "other", firm)
    status, printed = other.manage("restore", str(file))
    assert (status, printed.splitlines()[-1]) == (0, "0 differences"), printed
    assert "The audit log is intact: " in printed and "restart the server and the worker" in printed
    assert everything(other) == restored(before)
    with other.served() as visitor:
        visitor.sign_in(firm.told)
        assert visitor.get(f"/certificates/{firm.told['certificate']}/").status == 200
    other.assert_records_agree()


def test_a_backup_holds_no_session_known_browser_or_cache(firm, tmp_path):
    """Read as bytes: what is deleted in SQLite may stay in free pages."""
    with firm.served() as visitor:
        visitor.sign_in(firm.told)
    secrets = [
        *(key for (key,) in firm.rows("SELECT session_key FROM django_session")),
        *(key for (key,) in firm.rows("SELECT session_key FROM usersessions_usersession")),
        *(key for (key,) in firm.rows("SELECT key FROM accounts_trusteddevice")),
        *(key for (key,) in firm.rows("SELECT cache_key FROM cache")),
    ]
    assert len(secrets) >= 4
    with zipfile.ZipFile(back_up(firm)) as archive:
        database = Path(archive.extract("database", tmp_path))
    if IS_POSTGRES:
        command = ["pg_restore", "--file=-", str(database)]
        content = subprocess.run(command, env=firm.env(), capture_output=True, check=True).stdout
    else:
        content = database.read_bytes()
    assert firm.told["email"].encode() in content
    assert [secret for secret in secrets if secret.encode() in content] == []


def test_what_is_there_is_replaced_only_when_told_so(firm):
    """Also tables that the backup does not know, and under a server, which closes meanwhile and goes on."""
    file, before = back_up(firm), everything(firm)
    execute(firm, "UPDATE accounts_team SET name = 'Something else'", "CREATE TABLE later (line text)")
    changed = everything(firm)
    assert refusal(firm, "restore", str(file)).startswith("The database is not empty; --replace ")
    assert everything(firm) == changed
    with firm.served() as visitor:
        visitor.sign_in(firm.told)
        status, printed = firm.manage("restore", str(file), "--replace")
        assert (status, printed.splitlines()[-1]) == (0, "0 differences"), printed
        assert everything(firm) == restored(before)
        assert visitor.get("/accounts/").status == 302  # everybody signs in again
        visitor.sign_in(firm.told)
    firm.assert_records_agree()


def test_a_backup_of_an_earlier_version_is_upgraded_afterwards(firm, tmp_path):
    assert firm.manage("migrate", "mfa", "0002")[0] == 0
    file = back_up(firm)
    other = empty_site(tmp_path / "other", firm)
    status, printed = other.manage("restore", str(file))
    said = "mfa.0003_authenticator_type_uniq is not applied: an earlier version; now call manage.py upgrade"
    assert (status, printed.splitlines()[-1]) == (0, said), printed
    assert other.manage("migrate")[0] == 0
    other.assert_records_agree()


@pytest.mark.parametrize(
    "moment",
    ["courseware.project.database_dumps.facts", "courseware.project.backups.add", "courseware.project.backups.entry"],
)
def test_a_backup_that_is_killed_is_none_and_the_next_one_clears_up(moment, firm):
    kill(firm, moment, "backup")
    assert [path for path in backups(firm) if path.suffix == ".zip"] == []
    back_up(firm)
    (_only,) = backups(firm)


def kill(site, moment, *arguments):
    site.pause_file.touch()
    process = site.start("-m", "tests.faults.manage", *arguments, PAUSE_IN=moment)
    wait_until(lambda: site.pause_file.with_suffix(".pid").exists(), f"it did not come to {moment}")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    site.pause_file.unlink()


@pytest.mark.parametrize(
    "moment",
    ["courseware.project.backups.unpack", "shutil.copyfileobj"]
    if IS_POSTGRES
    else ["courseware.project.backups.unpack"],
)
def test_a_restore_that_is_killed_has_changed_nothing_and_is_called_again(moment, firm):
    file, before = back_up(firm), everything(firm)
    execute(firm, "UPDATE accounts_team SET name = 'Something else'")
    changed = everything(firm)
    kill(firm, moment, "restore", str(file), "--replace")
    assert everything(firm) == changed
    status, printed = firm.manage("restore", str(file), "--replace")
    assert status == 0, printed
    assert everything(firm) == restored(before)
    assert [path.name for path in firm.folder.glob("*.part*")] == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(firm, tmp_path):
    with small_disk(tmp_path / "disk", 64 * 1024) as disk:
        said = refusal(firm, "backup", "--to", str(disk))
        assert said.endswith("; no backup was made")
        assert any(words in said for words in ("No space left on device", "database or disk is full"))
        assert list(disk.iterdir()) == []


def test_a_restore_on_a_full_disk_has_changed_nothing(firm, tmp_path):
    if IS_POSTGRES:
        pytest.skip("PostgreSQL's own disk is not made to fail")
    file = back_up(firm)
    with small_disk(tmp_path / "disk", firm.file.stat().st_size // 2) as disk:
        small = Site(firm.folder, f"sqlite:///{disk / 'courseware.sqlite3'}", firm.told)
        execute(small, "CREATE TABLE diary (line text)", "INSERT INTO diary VALUES ('Dear diary')")
        status, printed = small.manage("restore", str(file), "--replace")
        assert (status, printed.endswith(": database or disk is full\n")) == (1, True), printed
        assert everything(small) == {"diary": ["('Dear diary',)"]}


def damaged(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_short(file):
    os.truncate(file, file.stat().st_size - 100)


def empty_of_sense(file):
    file.write_text("Dear diary")


def without_what_it_holds(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("poem", "…")


def changed_manifest(change):
    def rewrite(file):
        with zipfile.ZipFile(file) as archive:
            manifest, database = json.loads(archive.read("backup.json")), archive.read("database")
        change(manifest)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("database", database)
            archive.writestr("backup.json", json.dumps(manifest))

    return rewrite


NONE = "expected a backup, this is none or it is damaged"
UNFIT = {
    "damaged": (damaged, NONE),
    "cut short": (cut_short, NONE),
    "something else": (empty_of_sense, NONE),
    "another zip": (without_what_it_holds, NONE),
    "not there": (Path.unlink, "No such file or directory"),
    "another digest": (changed_manifest(lambda told: told.update(sha256="0" * 64)), "this one is damaged: its digest"),
    "a later format": (changed_manifest(lambda told: told.update(format=2)), NONE),
    "a newer version": (
        changed_manifest(lambda told: told["database"]["migrations"].append(["learning", "9999_later"])),
        "made by a newer version (0.2.0): it knows learning.9999_later",
    ),
    "an earlier baseline": (
        changed_manifest(lambda told: told["database"].update(migrations=[["learning", "0001_initial"]])),
        "made by a version with other initial migrations (learning.0001_initial), which cannot be upgraded to this one",
    ),
    "the other database": (
        changed_manifest(lambda told: told["database"].update(database="SQLite" if IS_POSTGRES else "PostgreSQL")),
        "move it by manage.py copy_database",
    ),
}


def test_what_cannot_be_restored_is_one_sentence_and_changes_nothing(firm):
    good, before = back_up(firm), everything(firm)
    for kind, (spoil, words) in UNFIT.items():
        file = good.with_name(f"{kind}.zip")
        shutil.copy(good, file)
        spoil(file)
        said = refusal(firm, "restore", str(file), "--replace")
        assert said.startswith(f"{file}: ") and words in said, kind
    assert everything(firm) == before


def test_programs_that_are_missing_or_too_old_are_named(firm, tmp_path):
    if not IS_POSTGRES:
        pytest.skip("SQLite needs none")
    needed = "pg_dump of PostgreSQL "
    (tmp_path / "programs").mkdir()
    firm.environment["PATH"] = str(tmp_path / "programs")
    said = refusal(firm, "backup")
    assert said.startswith(needed) and said.endswith("(package postgresql-client); there is none; no backup was made")
    old = tmp_path / "programs" / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    said = refusal(firm, "backup")
    assert said.startswith(needed) and said.endswith(f"; {old} is pg_dump (PostgreSQL) 9.6.24; no backup was made")
    assert backups(firm) == []


NEWER = """#!/bin/sh
[ "$1" = --version ] && echo "pg_restore (PostgreSQL) 99.0" && exit
"{own}" "$@" | sed 's/^SET lock_timeout = 0;$/&\\nSET transaction_timeout = 0;/'
"""


def test_a_program_newer_than_the_server_restores_as_well(firm, tmp_path):
    """PostgreSQL's own of 17 and later set what a server of before refuses to know."""
    if not IS_POSTGRES:
        pytest.skip("SQLite needs none")
    file, before, path = back_up(firm), everything(firm), firm.env()["PATH"]
    newer = tmp_path / "programs" / "pg_restore"
    newer.parent.mkdir()
    newer.write_text(NEWER.format(own=shutil.which("pg_restore", path=path)))
    newer.chmod(0o755)
    status, printed = firm.manage("restore", str(file), "--replace", PATH=os.pathsep.join([str(newer.parent), path]))
    assert status == 0, printed
    assert everything(firm) == restored(before)


def test_two_backups_at_once_are_one(firm):
    holding = subprocess.Popen(
        ["flock", firm.environment["BACKUP_DIR"], "sh", "-c", "echo held; read _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holding.stdout.readline()
    said = refusal(firm, "backup")
    holding.communicate(b"\n", timeout=PATIENCE)
    assert said.endswith("another backup or restore is at work there; this one was not begun")
    back_up(firm)
