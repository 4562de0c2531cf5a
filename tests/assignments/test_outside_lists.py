"""Lists of what was learned elsewhere: what a row says, and what is said of one that cannot be used."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.rosters.reading import ListRefused, understood
from courseware.accounts.rosters.tables import read_text
from courseware.assessment.models import OutsideTraining, Standing
from courseware.assessment.outside_records import OwnTraining, record_outside
from courseware.assignments.certified_enrollments import record_trainings
from courseware.assignments.merging import merge
from courseware.assignments.outside_lists import SORT, Usual, beside_records, new_of
from courseware.evidence.models import Event
from tests.making import make_admin, make_auditor, make_hr, make_user

pytestmark = pytest.mark.django_db
HEADINGS = "Staff number,E-mail,Course,Trained on,Valid until,Proof,Reference\n"


@pytest.fixture
def li():
    return make_user("Li Na", staff_number="A12", email="li@example.com")


def read(text, by=None, **usual):
    rows = beside_records(understood(read_text(text.encode(), "utf-8"), SORT), Usual(**usual), by=by or make_hr())
    return rows


def said(row):
    one = row.training
    return one.person, one.course, one.trained_on, one.valid_until, one.proof, one.reference


def faults(text, **options):
    return [(row.line, each.cell, each.stood, each.words) for row in read(text, **options) for each in row.problems]


def test_a_row_says_who_learned_what_when_until_when_and_what_shows_it(course, li):
    [row] = read(HEADINGS + "A12,,tea-room,2026-03-02,2026-12-31,Certificate of TÜV,77\n")
    assert said(row) == (li, course, date(2026, 3, 2), date(2026, 12, 31), "Certificate of TÜV", "77")
    assert row.is_new and not row.is_known


@pytest.mark.parametrize(
    "text",
    [
        "工号,姓名,课程,培训日期,凭据\nＡ１２,李娜,Rules of the tea room,2026年3月2日,名单\n",
        "名单\n\n邮箱;课程名称;完成日期;证明\nLI@example.com;TEA-ROOM;20260302;名单\n",
        "Employee ID\tTraining\tCompleted on\tEvidence\na12\trules of  the TEA room\t2026/3/2\t名单\n",
    ],
)
def test_headings_in_both_languages_and_days_in_any_writing_come_to_the_same(course, li, text):
    [row] = read(text)
    assert said(row) == (li, course, date(2026, 3, 2), date(2027, 3, 2), "名单", "")


def test_what_a_row_does_not_say_is_taken_from_the_fields_below(course, li):
    [row] = read("Staff number,Trained on\nA12,2026-03-02\n", course=course, proof="List of the former firm")
    assert said(row)[1:5] == (course, date(2026, 3, 2), date(2027, 3, 2), "List of the former firm")


def test_each_cell_that_cannot_be_used_is_named_with_what_stood_there(course, li):
    hr, admin = make_hr(staff_number="H1"), make_admin(staff_number="S1")
    make_auditor(staff_number="R1")
    rows = [
        "A99,,tea-room,2026-03-02,,x,",
        "A12,,coffee,2026-03-02,,x,",
        "A12,,tea-room,soon,,x,",
        "A12,,tea-room,2026-11-26,,x,",  # tomorrow
        "A12,,tea-room,2026-03-02,2026-03-01,x,",
        ",,tea-room,2026-03-02,,x,",
        "A12,,,,,,",
        "H1,,tea-room,2026-03-02,,x,",
        "S1,,tea-room,2026-03-02,,x,",
        "R1,,tea-room,2026-03-02,,x,",
        "A12,,tea-room,2026-11-25,,x,",  # today
    ]
    assert faults(HEADINGS + "\n".join(rows), by=hr) == [
        (2, "A2", "A99", "Nobody here has this number or address."),
        (3, "C3", "coffee", "There is no such course; expected its title or id as it is here."),
        (4, "D4", "soon", "This is no day; expected one such as 2026-12-01."),
        (5, "D5", "2026-11-26", "This day is still to come; expected the day on which it was learned."),
        (6, "E6", "2026-03-01", "It would end before it began."),
        (7, "A7", "", "Neither staff number nor e-mail: nobody can be found by this row."),
        (8, "C8", "", "Neither the row nor the field below says which course."),
        (8, "D8", "", "The day of the training is missing."),
        (8, "F8", "", "Neither the row nor the field below says what shows it."),
        (9, "A9", "H1", "This is you: a colleague or an admin records it."),
        (10, "A10", "S1", "This person is staff or audits: ask an admin."),
        (11, "A11", "R1", "This person is staff or audits: ask an admin."),
    ]
    by_admin = read(HEADINGS + "\n".join(rows), by=admin)
    assert [row.line for row in by_admin if row.is_new] == [9, 11, 12]


def test_the_same_list_again_is_nothing_and_rows_that_contradict_are_left_out(course, li):
    text, hr = HEADINGS + "A12,,tea-room,2026-03-02,2026-12-31,x,\n", make_hr()
    assert record_trainings(new_of(read(text, hr)), by=hr, ends=None).trainings == 1
    [again] = read(text, hr)
    assert (again.is_known, again.is_new, again.problems) == (True, False, [])
    assert record_trainings(new_of([again]), by=hr, ends=None).trainings == 0
    [other] = read(HEADINGS + "A12,,tea-room,2026-03-02,2027-12-31,x,\n", hr)
    assert [each.words for each in other.problems] == [
        "This is recorded already, with another last day. Take that back first."
    ]
    contradict = "A12,,tea-room,2026-04-02,,x,\n,li@example.com,Rules of the tea room,2026-04-02,2027-01-01,y,\n"
    rows = read(HEADINGS + contradict, hr)
    said = [[each.words for each in row.problems] for row in rows]
    assert said == [[], ["Line 2 is about the same person, course and day."]]
    assert record_trainings(new_of(rows), by=hr, ends=None).trainings == 1
    assert (OutsideTraining.objects.count(), Event.objects.filter(verb="outside-training-recorded").count()) == (2, 2)
    assert Standing.objects.get().certified_until == date(2027, 4, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), ("Name,Course\nLi,tea-room\n", "no-headings"), (HEADINGS, "empty"), ("<html>", "web-page")],
)
def test_a_file_that_is_no_such_list_is_refused_as_a_whole(text, code):
    with pytest.raises(ListRefused) as refused:
        understood(read_text(text.encode(), "utf-8"), SORT)
    assert refused.value.code == code


def test_comparing_costs_the_same_for_one_row_and_for_three(course):
    hr = make_hr()
    lines = [f"{make_user(staff_number=f'B{number}').staff_number},,tea-room,2026-03-02,,x,\n" for number in range(3)]

    def cost(some):
        with CaptureQueriesContext(connection) as asked:
            read(HEADINGS + "".join(some), hr)
        return len(asked)

    cost(lines)
    assert cost(lines[:1]) == cost(lines)


# Outside training of somebody with two accounts that were merged.


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
