"""A list that lies in a folder is brought in by night; what needs a person is told by letter, once."""

import os
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command

from courseware.accounts.joining import add_person
from courseware.accounts.leaving import leave
from courseware.accounts.models import User
from courseware.accounts.rosters.roster import Roster
from courseware.assignments import nightly_list
from courseware.assignments.nightly_list import bring_in_newest
from courseware.jobs.tasks import Later
from courseware.lib.side_process import MachineBusy, SideProcess
from tests.accounts.rosters.files import csv_file
from tests.making import letters, make_hr, make_team

pytestmark = pytest.mark.django_db
HEADINGS = ("工号", "姓名", "团队")


@pytest.fixture
def folder(tmp_path, settings):
    settings.ROSTER_DIR, settings.ROSTER_IS_WHOLE_FIRM = tmp_path, True
    return tmp_path


def lay(folder, *rows, name="people.csv", at=0):
    file = folder / name
    file.write_bytes(csv_file(HEADINGS, *rows))
    os.utime(file, (1_700_000_000 + at,) * 2)
    return file


def names():
    return sorted(User.objects.filter(is_active=True).values_list("name", flat=True))


def test_without_a_folder_or_a_file_nothing_happens(settings, tmp_path):
    settings.ROSTER_DIR = None
    assert bring_in_newest() == ""
    settings.ROSTER_DIR = tmp_path
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    assert bring_in_newest() == "no file"


def test_what_lies_beside_a_list_that_is_open_or_being_copied_is_none(folder):
    lay(folder, ("A1", "Li", ""))
    for name in ("~$people.xlsx", ".people.csv"):
        (folder / name).write_bytes(b"Hana")
    (folder / "old.csv").mkdir()
    assert (bring_in_newest(), names()) == ("people.csv: join 1", ["Li"])


def test_the_newest_list_is_brought_in_and_bad_rows_come_by_letter_once(folder):
    make_hr(name="Hana", email="hana@example.com", language="en")
    User.objects.update(staff_number="H1")
    lay(folder, ("A9", "Yesterday", ""), name="old.csv")
    lay(folder, ("H1", "Hana", ""), ("A1", "Li", ""), ("A2", "Wang", "Nowhere"), ("A3", "=1", ""), at=60)
    assert bring_in_newest() == "people.csv: join 1, bad 2, unchanged 1"
    assert names() == ["Hana", "Li"]
    [letter] = letters()
    assert letter.to == ["hana@example.com"]
    assert "C4: There is no such team." in letter.body and "B5: This is no name." in letter.body
    assert bring_in_newest() == "people.csv: bad 2, unchanged 2"
    assert (len(letters()), names()) == (1, ["Hana", "Li"])


def test_where_many_would_leave_nothing_is_done_and_a_letter_asks(folder):
    make_hr(name="Hana", email="hana@example.com", language="en")
    User.objects.update(staff_number="H1")
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    lay(folder, ("H1", "Hana", ""), ("B1", "New", ""))
    assert "held" in bring_in_newest()
    assert names() == ["Hana", "Old", "Old", "Old"]
    [letter] = letters()
    assert f"/people/import/{Roster.objects.get().pk}/" in letter.body
    bring_in_newest()
    assert len(letters()) == 1


def test_a_run_that_was_ended_half_way_is_taken_up_by_the_next_and_everybody_is_invited_once(folder, monkeypatch):
    (folder / "people.csv").write_bytes(csv_file(("工号", "姓名", "邮箱"), ("A1", "Li", "li@example.com")))
    for ends_in in ("apply_next", "act"):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(nightly_list, ends_in, Mock(side_effect=KeyboardInterrupt))
            bring_in_newest()
    for _again in range(2):
        bring_in_newest()
    assert [letter.to for letter in letters()] == [["li@example.com"]]
    assert not Roster.objects.filter(begun_at__isnull=False, finished_at=None)


def test_the_same_file_takes_nothing_back_that_was_done_by_hand_and_brings_in_what_was_left_out(folder):
    file = lay(folder, ("A1", "Li", ""), ("A2", "Wang", ""), ("A3", "Zhao", "Nowhere"))
    bring_in_newest()
    leave(User.objects.get(name="Li"), by=None)
    User.objects.filter(name="Wang").update(name="Wang Fang")
    add_person("By hand", staff_number="A9", by=None)
    make_team("Nowhere")
    User.objects.filter(name__startswith="Person").update(is_staff=True)  # who leads the team: no list lets staff go
    assert bring_in_newest() == "people.csv: join 1, unchanged 2"
    assert bring_in_newest() == "people.csv: unchanged 3"
    assert names()[:1] + names()[-2:] == ["By hand", "Wang Fang", "Zhao"]
    file.write_bytes(file.read_bytes() + b"\n")  # another file: it counts whole again
    assert bring_in_newest() == "people.csv: return 1, change 1, leave 1, unchanged 1"


def test_a_file_that_is_no_list_fails_the_job_with_its_sentence(folder):
    (folder / "people.xlsx").write_bytes(b"PK\x03\x04...")
    with pytest.raises(RuntimeError, match=r"people.xlsx: This file cannot be read"):
        bring_in_newest()


def test_on_a_busy_machine_the_list_is_read_later(folder, monkeypatch):
    lay(folder, ("A1", "Li", ""))
    monkeypatch.setattr(SideProcess, "run", Mock(side_effect=MachineBusy))
    with pytest.raises(Later):
        bring_in_newest()


def test_the_command_says_first_and_does_then(tmp_path, capsys):
    file = lay(tmp_path, ("A1", "Li", ""), ("A2", "Wang", "Nowhere"))
    call_command("import_people", file, "--dry-run")
    assert (names(), Roster.objects.count()) == ([], 0)
    call_command("import_people", file)
    assert names() == ["Li"]
    said = capsys.readouterr().out.splitlines()
    assert said == 2 * [
        "C3: 'Nowhere'. There is no such team. A list creates a team only if you tick that.",
        "join 1, bad 1",
    ]


def test_the_command_wants_a_yes_where_many_leave_and_refuses_what_is_no_list(tmp_path):
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    file = lay(tmp_path, ("B1", "New", ""))
    with pytest.raises(CommandError, match="3 people would leave: nothing was changed"):
        call_command("import_people", file, "--whole-firm")
    assert names() == ["Old"] * 3
    call_command("import_people", file, "--whole-firm", "--yes")
    assert names() == ["New"]
    for wrong in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(CommandError, match=str(tmp_path)):
            call_command("import_people", wrong)
