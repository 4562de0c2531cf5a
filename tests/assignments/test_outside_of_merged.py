"""Outside training of somebody with two accounts that were merged."""

from datetime import date

import pytest

from courseware.accounts.rosters.reading import understood
from courseware.accounts.rosters.tables import read_text
from courseware.assessment.models import Standing
from courseware.assessment.outside_records import OwnTraining, record_outside
from courseware.assessment.outside_training import OutsideTraining
from courseware.assignments.certified_enrollments import record_trainings
from courseware.assignments.merging import merge
from courseware.assignments.outside_lists import SORT, Usual, beside_records, new_of
from tests.making import make_admin, make_hr, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept():
    return make_user("王小明", staff_number="A12")


@pytest.fixture
def other():
    return make_user("王晓明", staff_number="A-0012")


def training_of(person, course):
    return OutsideTraining(person=person, course=course, trained_on=date(2026, 1, 5), proof="A card")


def test_what_is_recorded_of_another_name_is_of_the_account_that_stays(kept, other, course, hr):
    merge(kept, other, by=hr)
    record_outside([training_of(other, course)], by=hr)
    assert record_outside([training_of(kept, course)], by=hr) == []
    assert OutsideTraining.objects.get().person == kept
    assert Standing.objects.get().learner == kept


def test_nobody_records_the_own_training_by_another_name(other, course):
    person = make_hr(name="Li Na")
    merge(person, other, by=make_admin())
    with pytest.raises(OwnTraining):
        record_outside([training_of(other, course)], by=person)


def test_a_list_that_names_a_merged_account_is_about_the_person(kept, other, course, hr):
    merge(kept, other, by=hr)
    text = "staff number,course,trained on,proof\nA-0012,tea-room,2026-01-05,card\nA12,tea-room,2026-01-05,card\n"
    rows = beside_records(understood(read_text(text.encode(), "utf-8"), SORT), Usual(), by=hr)
    assert [[each.words for each in row.problems] for row in rows] == [
        [],
        ["Line 2 is about the same person, course and day."],
    ]
    record_trainings(new_of(rows), by=hr, ends=None)
    assert OutsideTraining.objects.get().person == kept
