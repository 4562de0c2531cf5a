"""Backups hold one moment; a restored site is as before; interruptions leave nothing half (F15)."""

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
def first_company(first_site, tmp_path_factory):
    company = empty_site(tmp_path_factory.mktemp("company"), first_site)
    return prepared(company.folder, company.database_url, by="tests.faults.filled_site")


@pytest.fixture
def company(first_company, tmp_path):
    company = copied(first_company, tmp_path)
    company.environment["BACKUP_DIR"] = str(tmp_path / "backups")
    (tmp_path / "backups").mkdir()
    return company


def backups(site):
    """All files in its backup folder."""
    return sorted(Path(site.environment["BACKUP_DIR"]).iterdir())


def back_up(site):
    status, printed = site.manage("backup")
    assert status == 0, printed
    return backups(site)[-1]


# Sessions, trusted devices and caches are not backed up.
LEFT_OUT = {"django_session", "usersessions_usersession", "accounts_trusteddevice", "cache"}


def all_rows(site):
    """Rows of all tables."""
    return {table: sorted(map(repr, site.rows(f'SELECT * FROM "{table}"'))) for table in site.tables()}


def restored(before):
    """`all_rows` after the restore of a backup that was made at `before`."""
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


def test_restored_backup_equals_site(company, tmp_path):
    with company.served() as visitor:
        visitor.sign_in(company.told)
    before = all_rows(company)
    file = back_up(company)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all_rows(company) == before
    other = empty_site(tmp_path / "other", company)
    status, printed = other.manage("restore", str(file))
    assert (status, printed.splitlines()[-1]) == (0, "0 differences"), printed
    assert "The audit log is intact: " in printed and "restart the server and the worker" in printed
    assert all_rows(other) == restored(before)
    with other.served() as visitor:
        visitor.sign_in(company.told)
        assert visitor.get(f"/certificates/{company.told['certificate']}/").status == 200
    other.assert_records_agree()


def test_backup_holds_no_sessions_devices_or_cache(company, tmp_path):
    """Read as bytes, because deleted SQLite rows may stay in free pages."""
    with company.served() as visitor:
        visitor.sign_in(company.told)
    secrets = [
        *(key for (key,) in company.rows("SELECT session_key FROM django_session")),
        *(key for (key,) in company.rows("SELECT session_key FROM usersessions_usersession")),
        *(key for (key,) in company.rows("SELECT key FROM accounts_trusteddevice")),
        *(key for (key,) in company.rows("SELECT cache_key FROM cache")),
    ]
    assert len(secrets) >= 4
    with zipfile.ZipFile(back_up(company)) as archive:
        database = Path(archive.extract("database", tmp_path))
    if IS_POSTGRES:
        command = ["pg_restore", "--file=-", str(database)]
        content = subprocess.run(command, env=company.env(), capture_output=True, check=True).stdout
    else:
        content = database.read_bytes()
    assert company.told["email"].encode() in content
    assert [secret for secret in secrets if secret.encode() in content] == []


def test_restore_replaces_data_only_with_option(company):
    """Also with unknown tables, and under a server that closes meanwhile."""
    file, before = back_up(company), all_rows(company)
    execute(company, "UPDATE accounts_team SET name = 'Something else'", "CREATE TABLE later (line text)")
    changed = all_rows(company)
    assert refusal(company, "restore", str(file)).startswith("The database is not empty; --replace ")
    assert all_rows(company) == changed
    with company.served() as visitor:
        visitor.sign_in(company.told)
        status, printed = company.manage("restore", str(file), "--replace")
        assert (status, printed.splitlines()[-1]) == (0, "0 differences"), printed
        assert all_rows(company) == restored(before)
        assert visitor.get("/accounts/").status == 302  # everybody signs in again
        visitor.sign_in(company.told)
    company.assert_records_agree()


def test_restored_backup_of_earlier_version_can_be_upgraded(company, tmp_path):
    assert company.manage("migrate", "mfa", "0002")[0] == 0
    file = back_up(company)
    other = empty_site(tmp_path / "other", company)
    status, printed = other.manage("restore", str(file))
    text = "mfa.0003_authenticator_type_uniq is not applied: an earlier version; now call manage.py upgrade"
    assert (status, printed.splitlines()[-1]) == (0, text), printed
    assert other.manage("migrate")[0] == 0
    other.assert_records_agree()


@pytest.mark.parametrize(
    "moment",
    ["courseware.project.database_dumps.facts", "courseware.project.backups.add", "courseware.project.backups.entry"],
)
def test_killed_backup_leaves_no_archive(moment, company):
    kill_at(company, moment, "backup")
    assert [path for path in backups(company) if path.suffix == ".zip"] == []
    back_up(company)
    (_only,) = backups(company)


def kill_at(site, moment, *arguments):
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
def test_killed_restore_changes_nothing_and_can_be_repeated(moment, company):
    file, before = back_up(company), all_rows(company)
    execute(company, "UPDATE accounts_team SET name = 'Something else'")
    changed = all_rows(company)
    kill_at(company, moment, "restore", str(file), "--replace")
    assert all_rows(company) == changed
    status, printed = company.manage("restore", str(file), "--replace")
    assert status == 0, printed
    assert all_rows(company) == restored(before)
    assert [path.name for path in company.folder.glob("*.part*")] == []


def test_backup_on_full_disk_leaves_no_file(company, tmp_path):
    with small_disk(tmp_path / "disk", 64 * 1024) as disk:
        text = refusal(company, "backup", "--to", str(disk))
        assert text.endswith("; no backup was made")
        assert any(words in text for words in ("No space left on device", "database or disk is full"))
        assert list(disk.iterdir()) == []


def test_restore_on_full_disk_changes_nothing(company, tmp_path):
    if IS_POSTGRES:
        pytest.skip("PostgreSQL's own disk is not made to fail")
    file = back_up(company)
    with small_disk(tmp_path / "disk", company.file.stat().st_size // 2) as disk:
        small = Site(company.folder, f"sqlite:///{disk / 'courseware.sqlite3'}", company.told)
        execute(small, "CREATE TABLE diary (line text)", "INSERT INTO diary VALUES ('Dear diary')")
        status, printed = small.manage("restore", str(file), "--replace")
        assert (status, printed.endswith(": database or disk is full\n")) == (1, True), printed
        assert all_rows(small) == {"diary": ["('Dear diary',)"]}


def damaged(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_short(file):
    os.truncate(file, file.stat().st_size - 100)


def without_archive(file):
    file.write_text("Dear diary")


def without_backup_files(file):
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
    "something else": (without_archive, NONE),
    "another zip": (without_backup_files, NONE),
    "not there": (Path.unlink, "No such file or directory"),
    "another digest": (changed_manifest(lambda data: data.update(sha256="0" * 64)), "this one is damaged: its digest"),
    "a later format": (changed_manifest(lambda data: data.update(format=2)), NONE),
    "a newer version": (
        changed_manifest(lambda data: data["database"]["migrations"].append(["learning", "9999_later"])),
        "made by a newer version (0.2.0): it knows learning.9999_later",
    ),
    "an earlier baseline": (
        changed_manifest(lambda data: data["database"].update(migrations=[["learning", "0001_initial"]])),
        "made by a version with other initial migrations (learning.0001_initial), which cannot be upgraded to this one",
    ),
    "the other database": (
        changed_manifest(lambda data: data["database"].update(database="SQLite" if IS_POSTGRES else "PostgreSQL")),
        "move it by manage.py copy_database",
    ),
}


def test_unusable_backup_is_refused_in_one_sentence(company):
    good, before = back_up(company), all_rows(company)
    for kind, (spoil, words) in UNFIT.items():
        file = good.with_name(f"{kind}.zip")
        shutil.copy(good, file)
        spoil(file)
        text = refusal(company, "restore", str(file), "--replace")
        assert text.startswith(f"{file}: ") and words in text, kind
    assert all_rows(company) == before


def test_missing_or_old_programs_are_named(company, tmp_path):
    if not IS_POSTGRES:
        pytest.skip("SQLite needs none")
    needed = "pg_dump of PostgreSQL "
    (tmp_path / "programs").mkdir()
    company.environment["PATH"] = str(tmp_path / "programs")
    text = refusal(company, "backup")
    assert text.startswith(needed) and text.endswith("(package postgresql-client); there is none; no backup was made")
    old = tmp_path / "programs" / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    text = refusal(company, "backup")
    assert text.startswith(needed) and text.endswith(f"; {old} is pg_dump (PostgreSQL) 9.6.24; no backup was made")
    assert backups(company) == []


NEWER = """#!/bin/sh
[ "$1" = --version ] && echo "pg_restore (PostgreSQL) 99.0" && exit
"{own}" "$@" | sed 's/^SET lock_timeout = 0;$/&\\nSET transaction_timeout = 0;/'
"""


def test_newer_program_can_restore(company, tmp_path):
    """pg_restore of 17 and later sets parameters that earlier servers do not know."""
    if not IS_POSTGRES:
        pytest.skip("SQLite needs none")
    file, before, path = back_up(company), all_rows(company), company.env()["PATH"]
    newer = tmp_path / "programs" / "pg_restore"
    newer.parent.mkdir()
    newer.write_text(NEWER.format(own=shutil.which("pg_restore", path=path)))
    newer.chmod(0o755)
    status, printed = company.manage("restore", str(file), "--replace", PATH=os.pathsep.join([str(newer.parent), path]))
    assert status == 0, printed
    assert all_rows(company) == restored(before)


def test_concurrent_backup_is_refused(company):
    holding = subprocess.Popen(
        ["flock", company.environment["BACKUP_DIR"], "sh", "-c", "echo held; read _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holding.stdout.readline()
    text = refusal(company, "backup")
    holding.communicate(b"\n", timeout=PATIENCE)
    assert text.endswith("another backup or restore is at work there; this one was not begun")
    back_up(company)
