"""Make, thin out and unpack backups: a zip file with the database and a manifest."""

import fcntl
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.db import connection

from courseware.project import version
from courseware.project.database_dumps import DumpFailed, Facts, dumped
from courseware.project.maintenance import is_ours, migrations_of_this_version, other_baseline

FORMAT = 1
MANIFEST, DATABASE = "backup.json", "database"
UNFINISHED = ".part"
NAME = re.compile(r"courseware-\d{8}T\d{6}Z\.zip")
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
BLOCK = 1024 * 1024  # bytes


class BackupFailed(Exception):
    """The message is one sentence: file or folder, problem, expectation. Nothing half-done is left."""


@dataclass(frozen=True)
class Manifest:
    format: int
    version: str
    made_at: str
    size: int
    sha256: str  # of the database file
    database: Facts

    def __str__(self) -> str:
        return f"{self.database.database}, version {self.version}, {self.made_at}, {self.database.events} events"


# Making --------------------------------------------------------------------------------------------------------------


def make(folder: Path) -> tuple[Path, Manifest]:
    """Make a backup in the folder; return its path and manifest. Raise BackupFailed."""
    now = datetime.now(UTC)
    path = folder / f"courseware-{now:%Y%m%dT%H%M%SZ}.zip"
    try:
        with lock_folder(folder):
            unfinished = path.with_suffix(UNFINISHED)
            try:
                manifest = write(unfinished, now)
                os.replace(unfinished, path)
                sync(folder)
            finally:
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise BackupFailed(f"{folder}: {error.strerror}; no backup was made") from error
    except DumpFailed as error:
        raise BackupFailed(f"{error}; no backup was made") from error
    return path, manifest


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock a folder in the block; delete remains of killed processes. Raise OSError, or BackupFailed if locked."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for remains in folder.glob(f"courseware-*{UNFINISHED}*"):
            remains.unlink()
        yield
    except BlockingIOError:
        raise BackupFailed(f"{folder}: another backup or restore is at work there; this one was not begun") from None
    finally:
        os.close(handle)


def write(path: Path, now: datetime) -> Manifest:
    """Write a backup to the new file `path` and return its manifest. `now`: aware datetime."""
    with open(os.open(path, NEW, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w") as archive, dumped(path.with_name(f"{path.name}-database")) as (stream, facts):
            size, digest = add(archive, stream, facts)
            manifest = Manifest(FORMAT, version.number(), now.isoformat(timespec="seconds"), size, digest, facts)
            archive.writestr(entry(MANIFEST, zipfile.ZIP_STORED), json.dumps(asdict(manifest), indent=1))
        file.flush()
        os.fsync(file.fileno())
    return manifest


def add(archive: zipfile.ZipFile, stream: IO[bytes], facts: Facts) -> tuple[int, str]:
    """Add the database dump `stream` (pg_dump output or SQLite file, see `facts`) to the archive. Return (size in bytes
    before compression, SHA-256 in hex). pg_dump output is already compressed and is stored unchanged.
    """
    size, digest = 0, sha256()
    compression = zipfile.ZIP_STORED if facts.database == "PostgreSQL" else zipfile.ZIP_DEFLATED
    with archive.open(entry(DATABASE, compression), "w", force_zip64=True) as member:
        while block := stream.read(BLOCK):
            size += len(block)
            digest.update(block)
            member.write(block)
    return size, digest.hexdigest()


def entry(name: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
    info.compress_type, info.external_attr = compression, 0o600 << 16
    return info


def sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def thin(folder: Path, count: int, newest: Path) -> list[Path]:
    """Delete the oldest backups in the folder, so that `count` remain, including `newest`; return the deleted files."""
    # Not by name alone: the clock may have been ahead when older ones were made.
    others = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and path != newest)
    old = others[: max(0, len(others) + 1 - count)]
    for path in old:
        path.unlink()
    return old


# Reading -------------------------------------------------------------------------------------------------------------


def unpack(path: Path, into: Path) -> Manifest:
    """Write the database of a backup to the new file `into`; return the manifest. Raise BackupFailed if damaged or not
    for this site; then the caller deletes `into`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = read_manifest(archive)
            refuse_what_does_not_fit(path, manifest)
            digest = sha256()
            with archive.open(DATABASE) as member, open(os.open(into, NEW, 0o600), "wb") as file:
                while block := member.read(BLOCK):
                    digest.update(block)
                    file.write(block)
    except OSError as error:
        raise BackupFailed(f"{error.filename or into}: {error.strerror}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError) as error:
        raise BackupFailed(f"{path}: expected a backup, this is none or it is damaged ({error})") from error
    if digest.hexdigest() != manifest.sha256:
        raise BackupFailed(f"{path}: expected a backup, this one is damaged: its digest is another one")
    return manifest


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest of a backup. Raise KeyError, TypeError or ValueError if it is none of FORMAT."""
    content = json.loads(archive.read(MANIFEST))
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']}, this version reads {FORMAT}")
    return Manifest(**content | {"database": Facts(**content["database"])})


def refuse_what_does_not_fit(path: Path, manifest: Manifest) -> None:
    """Raise BackupFailed unless this version and database can restore the backup. `path`: only for the message."""
    if reason := other_baseline((app, name) for app, name in manifest.database.migrations):
        raise BackupFailed(f"{path}: {reason}; nothing was changed")
    known = migrations_of_this_version()
    for app, name in manifest.database.migrations:
        if is_ours(app) and (app, name) not in known:
            raise BackupFailed(
                f"{path}: made by a newer version ({manifest.version}): it knows {app}.{name}, and this one does not "
                f"({version.number()}); nothing was changed"
            )
    if manifest.database.database != connection.display_name:
        raise BackupFailed(
            f"{path}: a backup of {manifest.database.database}, and DATABASE_URL names {connection.display_name}; "
            "restore it there, and move it by manage.py copy_database"
        )
