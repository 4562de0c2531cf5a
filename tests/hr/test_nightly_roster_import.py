"""Nightly import of a list from a folder, and emails about what needs a person."""

import os
import time
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command

from courseware.accounts.models import RosterImport, User
from courseware.accounts.models import roster_import as rosters
from courseware.accounts.people.offboarding import leave
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.roster_import import apply
from courseware.hr.roster_import import nightly
from courseware.hr.roster_import.nightly import apply_import, import_newest
from courseware.jobs import worker
from courseware.jobs.tasks import RetryLater
from courseware.learning.models import Enrollment
from courseware.lib.side_process import MachineBusy, SideProcess
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import OutgoingEmail
from tests.accounts.roster_import.company import bring_in, compared
from tests.accounts.roster_import.files import csv_file
from tests.assignments.rules import make_rule
from tests.jobs import sample_tasks
from tests.making import make_admin, make_course, make_hr, make_team, sent_emails

pytestmark = pytest.mark.django_db
HEADINGS = ("工号", "姓名", "团队")


@pytest.fixture
def folder(tmp_path, settings):
    settings.ROSTER_DIR, settings.ROSTER_IS_COMPLETE = tmp_path, True
    return tmp_path


def put_file(folder, *rows, name="people.csv", at=0):
    file = folder / name
    file.write_bytes(csv_file(HEADINGS, *rows))
    os.utime(file, (1_700_000_000 + at,) * 2)
    return file


def names():
    return sorted(User.objects.filter(is_active=True).values_list("name", flat=True))


def test_no_folder_or_file_imports_nothing(settings, tmp_path):
    settings.ROSTER_DIR = None
    assert import_newest() == ""
    settings.ROSTER_DIR = tmp_path
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    assert import_newest() == "no file"


def test_temporary_files_and_folders_are_ignored(folder):
    put_file(folder, ("A1", "Li", ""))
    for name in ("~$people.xlsx", ".people.csv"):
        (folder / name).write_bytes(b"Hana")
    (folder / "old.csv").mkdir()
    assert (import_newest(), names()) == ("people.csv: join 1", ["Li"])


def test_newest_list_is_imported_and_bad_rows_emailed_once(folder):
    make_hr(name="Hana", email="hana@example.com", language="en")
    User.objects.update(staff_number="H1")
    put_file(folder, ("A9", "Yesterday", ""), name="old.csv")
    put_file(folder, ("H1", "Hana", ""), ("A1", "Li", ""), ("A2", "Wang", "Nowhere"), ("A3", "=1", ""), at=60)
    assert import_newest() == "people.csv: join 1, bad 2, unchanged 1"
    assert names() == ["Hana", "Li"]
    [email] = sent_emails()
    assert email.to == ["hana@example.com"]
    assert "C4: This team does not exist." in email.body and "B5: This is not a name." in email.body
    assert import_newest() == "people.csv: bad 2, unchanged 2"
    assert (len(sent_emails()), names()) == (1, ["Hana", "Li"])


def test_many_leavers_hold_import_and_ask_by_email(folder):
    make_hr(name="Hana", email="hana@example.com", language="en")
    User.objects.update(staff_number="H1")
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    put_file(folder, ("H1", "Hana", ""), ("B1", "New", ""))
    assert "waits" in import_newest()
    assert names() == ["Hana", "Old", "Old", "Old"]
    [email] = sent_emails()
    assert f"/people/import/{RosterImport.objects.get().pk}/" in email.body
    import_newest()
    assert len(sent_emails()) == 1


def test_interrupted_import_is_resumed_and_invites_once(folder, monkeypatch):
    (folder / "people.csv").write_bytes(csv_file(("工号", "姓名", "邮箱"), ("A1", "Li", "li@example.com")))
    for ends_in in ("apply_next", "act"):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(nightly, ends_in, Mock(side_effect=KeyboardInterrupt))
            import_newest()
    for _again in range(2):
        import_newest()
    assert [email.to for email in sent_emails()] == [["li@example.com"]]
    assert not RosterImport.objects.filter(begun_at__isnull=False, finished_at=None)


@pytest.mark.slow
def test_same_file_keeps_manual_changes_and_adds_skipped_rows(folder):
    file = put_file(folder, ("A1", "Li", ""), ("A2", "Wang", ""), ("A3", "Zhao", "Nowhere"))
    import_newest()
    leave(User.objects.get(name="Li"), by=None)
    User.objects.filter(name="Wang").update(name="Wang Fang")
    add_person("By hand", staff_number="A9", by=None)
    make_team("Nowhere")
    User.objects.filter(name__startswith="Person").update(is_staff=True)  # the manager: imports deactivate no staff
    assert import_newest() == "people.csv: join 1, unchanged 2"
    assert import_newest() == "people.csv: unchanged 3"
    assert names()[:1] + names()[-2:] == ["By hand", "Wang Fang", "Zhao"]
    file.write_bytes(file.read_bytes() + b"\n")  # a changed file is imported as a whole
    assert import_newest() == "people.csv: return 1, change 1, leave 1, unchanged 1"


def test_unreadable_file_fails_job_with_message(folder):
    (folder / "people.xlsx").write_bytes(b"PK\x03\x04...")
    with pytest.raises(RuntimeError, match=r"people.xlsx: This file cannot be read"):
        import_newest()


def test_busy_machine_postpones_import(folder, monkeypatch):
    put_file(folder, ("A1", "Li", ""))
    monkeypatch.setattr(SideProcess, "run", Mock(side_effect=MachineBusy))
    with pytest.raises(RetryLater):
        import_newest()


def test_command_has_dry_run(tmp_path, capsys):
    file = put_file(tmp_path, ("A1", "Li", ""), ("A2", "Wang", "Nowhere"))
    call_command("import_people", file, "--dry-run")
    assert (names(), RosterImport.objects.count()) == ([], 0)
    call_command("import_people", file)
    assert names() == ["Li"]
    output = capsys.readouterr().out.splitlines()
    assert output == 2 * [
        "C3: 'Nowhere'. This team does not exist. To create it, tick the box for new teams.",
        "join 1, bad 1",
    ]


def test_command_asks_for_confirmation_if_many_leave(tmp_path):
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    file = put_file(tmp_path, ("B1", "New", ""))
    with pytest.raises(CommandError, match="3 people would leave: nothing was changed"):
        call_command("import_people", file, "--whole-company")
    assert names() == ["Old"] * 3
    call_command("import_people", file, "--whole-company", "--yes")
    assert names() == ["New"]
    for wrong in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(CommandError, match=str(tmp_path)):
            call_command("import_people", wrong)


# A file that is still being copied waits: half a list would deactivate the missing people.


MINUTE = 60


@pytest.fixture
def file(tmp_path, settings):
    settings.ROSTER_DIR, settings.ROSTER_IS_COMPLETE = tmp_path, True
    file = tmp_path / "people.csv"
    file.write_bytes(csv_file(("工号", "姓名", "团队"), ("A1", "Li", "")))
    return file


def set_age(file, ago):
    os.utime(file, (time.time() - ago,) * 2)


@pytest.mark.parametrize("ago", [0, 4 * MINUTE])
def test_recently_written_file_waits_5_minutes(file, ago):
    set_age(file, ago)
    with pytest.raises(RetryLater, match=r"people.csv was written a moment ago"):
        import_newest()
    assert names() == []
    set_age(file, 6 * MINUTE)
    assert (import_newest(), names()) == ("people.csv: join 1", ["Li"])


def test_older_list_is_not_imported_instead(file):
    older = file.with_name("older.csv")
    older.write_bytes(csv_file(("工号", "姓名", "团队"), ("B1", "Wang", "")))
    set_age(older, 60 * MINUTE)
    set_age(file, 0)
    with pytest.raises(RetryLater):
        import_newest()
    assert names() == []


def test_file_dated_in_future_is_imported(file):
    set_age(file, -24 * 60 * MINUTE)
    assert (import_newest(), names()) == ("people.csv: join 1", ["Li"])


def test_file_growing_while_read_waits(file, monkeypatch):
    set_age(file, 60 * MINUTE)
    read = nightly.Path.read_bytes

    def read_while_it_grows(path):
        data = read(path)
        with path.open("ab") as more:
            more.write(b"A2,Wang,\n")
        return data

    monkeypatch.setattr(nightly.Path, "read_bytes", read_while_it_grows)
    with pytest.raises(RetryLater):
        import_newest()
    assert names() == []


# Rules enroll imported people at once, and each gets one email.


def test_enrolled_people_get_course_email_others_invitation():
    desk = make_team("Desk")
    make_rule(make_course(), team_id=desk.pk)
    roster = bring_in(
        ["A1", "Li", "li@example.com", "Desk"], ["A2", "Wang", "wang@example.com", ""], by=make_admin(), invites=True
    )
    for _again in range(2):
        apply_import.call(roster.pk)
    assert [each.learner.name for each in Enrollment.objects.select_related("learner")] == ["Li"]
    assert sorted(to for email in sent_emails() for to in email.to) == ["li@example.com", "wang@example.com"]
    invited = OutgoingEmail.objects.filter(kind="invitation").values_list("person__name", flat=True)
    assert list(invited) == ["Wang"]


def test_email_without_account_does_not_stop_invitations():
    queue_email("no-account", None, address="unknown@example.com", language="en")
    apply_import.call(bring_in(["A1", "Li", "li@example.com", ""], by=make_admin(), invites=True).pk)
    assert [each.person.name for each in OutgoingEmail.objects.filter(kind="invitation")] == ["Li"]


def test_unconfirmed_import_is_not_applied():
    roster = compared(["A1", "Li", "li@example.com", ""])
    apply_import.call(roster.pk)
    assert (RosterImport.objects.get().finished_at, sent_emails()) == (None, [])


def test_other_tasks_run_between_chunks(monkeypatch):
    """Tasks enqueued during a chunk run before the next chunk."""
    monkeypatch.setattr(rosters, "ROWS_A_PART", 1)
    monkeypatch.setattr(worker, "enqueue_due", lambda: None)
    monkeypatch.setattr("django_tasks_db.management.commands.db_worker.close_old_connections", lambda: None)
    sample_tasks.done.clear()
    roster = compared(["A1", "Li", "", ""], ["A2", "Wang", "", ""], ["A3", "Zhao", "", ""])
    apply.begin_applying(roster, by=make_admin())
    original = nightly.apply_next

    def apply_and_note(pk):
        sample_tasks.done.append("part")
        return original(pk)

    monkeypatch.setattr(nightly, "apply_next", apply_and_note)
    nightly.apply_next_chunk.enqueue(roster.pk)
    sample_tasks.note.enqueue("other work")
    worker.WorkLoop(lambda: "").run(once=True)
    assert sample_tasks.done == ["part", "other work", "part", "part", "part"]
    roster.refresh_from_db()
    assert roster.finished_at
    assert set(User.objects.filter(staff_number__startswith="A").values_list("name", flat=True)) == {
        "Li",
        "Wang",
        "Zhao",
    }


def test_stopped_import_applies_no_further_chunk(monkeypatch):
    monkeypatch.setattr(rosters, "ROWS_A_PART", 1)
    admin = make_admin()
    roster = compared(["A1", "Li", "li@example.com", ""], ["A2", "Wang", "", ""])
    apply.begin_applying(roster, by=admin, invites=True)
    nightly.apply_next_chunk.call(roster.pk)
    assert [apply.stop_applying(roster.pk, by=admin) for _tab in range(2)] == [True, False]
    for _again in range(2):
        nightly.apply_next_chunk.call(roster.pk)
    roster.refresh_from_db()
    assert (roster.finished_at is not None, roster.notes["stopped_by"]) == (True, admin.pk)
    assert [each.name for each in User.objects.filter(staff_number__startswith="A")] == ["Li"]
    assert [each.person.name for each in OutgoingEmail.objects.filter(kind="invitation")] == ["Li"]
    assert not apply.stop_applying(roster.pk, by=admin)
