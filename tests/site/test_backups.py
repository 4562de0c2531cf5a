"""Backups as an operator sets them: where they go, how many are kept, and what is said when one fails."""

from datetime import time
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from courseware.jobs import health, schedule
from courseware.jobs.models import Job, Outcome
from courseware.management.commands import backup


def test_a_backup_is_made_every_night_where_a_folder_is_set(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(schedule, "JOBS", {})
    for folder, names in ((None, set()), (tmp_path, {"back-up"})):
        settings.BACKUP_DIR = folder
        apps.get_app_config("courseware").ready()
        assert {"back-up"} & schedule.JOBS.keys() == names


def test_without_a_folder_a_backup_asks_for_one(settings):
    settings.BACKUP_DIR = None
    with pytest.raises(CommandError, match="BACKUP_DIR: expected a folder, or one by --to"):
        call_command("backup")


@pytest.fixture
def folder(tmp_path, monkeypatch, settings):
    """With older backups, and what somebody else has put there."""
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


def test_the_oldest_go_and_nothing_else(folder, monkeypatch, capsys):
    monkeypatch.setattr(backup.backups, "make", make)
    call_command("backup")
    new = folder / "courseware-20260103T023000Z.zip"
    gone = folder / "courseware-20260101T023000Z.zip"
    assert capsys.readouterr().out == f"{new}: 1.5 MB, of today\n{gone}: gone, for 2 are kept\n"
    assert names(folder) == ["a.zip", "courseware-20260102T023000Z.zip", new.name, "courseware-older.zip"]


def test_the_one_just_made_stays_where_others_bear_days_that_are_still_to_come(folder, monkeypatch):
    monkeypatch.setattr(backup.backups, "make", make)
    for year in (2098, 2099):
        (folder / f"courseware-{year}0101T023000Z.zip").touch()
    call_command("backup")
    left = ["courseware-20260103T023000Z.zip", "courseware-20990101T023000Z.zip"]
    assert names(folder) == sorted(["a.zip", "courseware-older.zip", *left])


def test_in_a_folder_that_is_named_by_hand_nothing_goes(folder, monkeypatch, capsys):
    monkeypatch.setattr(backup.backups, "make", make)
    before = names(folder)
    call_command("backup", to=folder)
    assert names(folder) == sorted([*before, "courseware-20260103T023000Z.zip"])


def test_where_a_backup_fails_no_older_one_goes_and_the_first_page_of_the_admin_says_so(
    db, folder, monkeypatch, settings
):
    settings.BACKUP_DIR = Path("/nowhere")
    monkeypatch.setattr(schedule, "JOBS", {})
    monkeypatch.setattr(health, "JOBS", schedule.JOBS)
    night = schedule.Daily(time(2, 30))
    schedule.schedule("back-up", "Back up all data", schedule.command("backup"), night)
    Job.objects.create(name="back-up", next_at=timezone.now())
    with pytest.raises(CommandError):
        schedule.run_job.call("back-up")
    kept = Job.objects.get()
    assert kept.outcome == Outcome.FAILED
    assert kept.said == "CommandError: /nowhere: No such file or directory; no backup was made"
    assert [trouble.about for trouble in health.health_warnings(timezone.now())] == ["Back up all data"]
    assert len(names(folder)) == 4
