"""A list that is still being copied into the folder waits: half of it would let the other half of the firm leave."""

import os
import time

import pytest

from courseware.accounts.models import User
from courseware.assignments import nightly_list
from courseware.assignments.nightly_list import bring_in_newest
from courseware.jobs.tasks import Later
from tests.accounts.rosters.files import csv_file

pytestmark = pytest.mark.django_db
MINUTE = 60


@pytest.fixture
def file(tmp_path, settings):
    settings.ROSTER_DIR, settings.ROSTER_IS_WHOLE_FIRM = tmp_path, True
    file = tmp_path / "people.csv"
    file.write_bytes(csv_file(("工号", "姓名", "团队"), ("A1", "Li", "")))
    return file


def written(file, ago):
    os.utime(file, (time.time() - ago,) * 2)


def names():
    return list(User.objects.values_list("name", flat=True))


@pytest.mark.parametrize("ago", [0, 4 * MINUTE])
def test_a_file_of_this_moment_waits_and_is_taken_when_it_has_not_changed_for_a_while(file, ago):
    written(file, ago)
    with pytest.raises(Later, match=r"people.csv was written a moment ago"):
        bring_in_newest()
    assert names() == []
    written(file, 6 * MINUTE)
    assert (bring_in_newest(), names()) == ("people.csv: join 1", ["Li"])


def test_no_older_list_is_taken_instead(file):
    older = file.with_name("older.csv")
    older.write_bytes(csv_file(("工号", "姓名", "团队"), ("B1", "Wang", "")))
    written(older, 60 * MINUTE)
    written(file, 0)
    with pytest.raises(Later):
        bring_in_newest()
    assert names() == []


def test_one_that_another_clock_has_dated_is_taken(file):
    written(file, -24 * 60 * MINUTE)
    assert (bring_in_newest(), names()) == ("people.csv: join 1", ["Li"])


def test_one_that_grows_while_it_is_read_waits(file, monkeypatch):
    written(file, 60 * MINUTE)
    read = nightly_list.Path.read_bytes

    def read_while_it_grows(path):
        data = read(path)
        with path.open("ab") as more:
            more.write(b"A2,Wang,\n")
        return data

    monkeypatch.setattr(nightly_list.Path, "read_bytes", read_while_it_grows)
    with pytest.raises(Later):
        bring_in_newest()
    assert names() == []
