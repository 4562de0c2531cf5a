"""Backups: folder, number kept, report of a failure."""

from datetime import time
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from courseware.jobs import health, schedule
from courseware.jobs.models import Job, Outcome
from courseware.management.commands import backup


def test_nightly_backup_is_scheduled_if_folder_is_set(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(schedule, "JOBS", {})
    for folder, names in ((None, set()), (tmp_path, {"back-up"})):
        settings.BACKUP_DIR = folder
        apps.get_app_config("courseware").ready()
        assert {"back-up"} & schedule.JOBS.keys() == names


def test_backup_without_folder_asks_for_one(settings):
    settings.BACKUP_DIR = None
    with pytest.raises(CommandError, match="BACKUP_DIR: expected a folder, or one by --to"):
        call_command("backup")


@pytest.fixture
def folder(tmp_path, monkeypatch, settings):
    """Older backups and an unrelated file."""
    settings.BACKUP_DIR, settings.BACKUPS_KEPT = tmp_path, 2
    for name in ("courseware-20260101T023000Z.zip", "courseware-20260102T023000Z.zip", "courseware-older.zip", "a.zip"):
        (tmp_path / name).touch()
    return tmp_path


def make(folder):
    path = folder / "courseware-20260103T023000Z.zip"
    path.write_bytes(bytes(1_500_000))
    return path, "of today"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_oldest_backups_are_deleted(folder, monkeypatch, capsys):
    monkeypatch.setattr(backup.backups, "make", make)
    call_command("backup")
    new = folder / "courseware-20260103T023000Z.zip"
    gone = folder / "courseware-20260101T023000Z.zip"
    assert capsys.readouterr().out == f"{new}: 1.5 MB, of today\n{gone}: gone, for 2 are kept\n"
    assert names(folder) == ["a.zip", "courseware-20260102T023000Z.zip", new.name, "courseware-older.zip"]


def test_new_backup_is_kept_beside_future_dated_ones(folder, monkeypatch):
    monkeypatch.setattr(backup.backups, "make", make)
    for year in (2098, 2099):
        (folder / f"courseware-{year}0101T023000Z.zip").touch()
    call_command("backup")
    left = ["courseware-20260103T023000Z.zip", "courseware-20990101T023000Z.zip"]
    assert names(folder) == sorted(["a.zip", "courseware-older.zip", *left])


def test_nothing_is_deleted_from_folder_given_by_option(folder, monkeypatch, capsys):
    monkeypatch.setattr(backup.backups, "make", make)
    before = names(folder)
    call_command("backup", to=folder)
    assert names(folder) == sorted([*before, "courseware-20260103T023000Z.zip"])


def test_failed_backup_deletes_nothing_and_is_reported_in_admin(db, folder, monkeypatch, settings):
    settings.BACKUP_DIR = Path("/nowhere")
    monkeypatch.setattr(schedule, "JOBS", {})
    monkeypatch.setattr(health, "JOBS", schedule.JOBS)
    night = schedule.Daily(time(2, 30))
    schedule.schedule("back-up", "Back up all data", schedule.command("backup"), night)
    Job.objects.create(name="back-up", next_at=timezone.now())
    with pytest.raises(CommandError):
        schedule.run_job.call("back-up")
    job = Job.objects.get()
    assert job.outcome == Outcome.FAILED
    assert job.said == "CommandError: /nowhere: No such file or directory; no backup was made"
    assert [warning.about for warning in health.health_warnings(timezone.now())] == ["Back up all data"]
    assert len(names(folder)) == 4
