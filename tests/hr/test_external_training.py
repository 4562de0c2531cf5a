"""External training: recording, import of lists, revoking, and who may do it."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.roster_import.file_formats import read_text
from courseware.accounts.roster_import.parser import ListRefused, parse_table
from courseware.assessment.certificates.external_training import OwnTraining, record_external_training
from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.assignments.rules.certified_enrollments import record_trainings
from courseware.audit_log.models import Event
from courseware.hr.external_training.csv_import import SORT, Usual, compare_with_records, new_of
from courseware.hr.people.account_merge import merge
from tests.counting import statements
from tests.making import make_admin, make_auditor, make_editor, make_hr, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
PAGE = "/people/external-training/"
LIST = "Staff number,Course,Trained on,Proof\nA12,tea-room,2026-03-02,Seen\nA99,tea-room,2026-03-02,Seen\n"


@pytest.fixture
def li():
    return make_user("Li Na", staff_number="A12", email="li@example.com")


def training_fields(in_course, **fields):
    return {"course": in_course.pk, "trained_on": "2026-03-02", "proof": "Certificate of TÜV"} | fields


def page_of(person):
    return f"/people/{person.pk}/external-training/"


def test_external_training_is_recorded_once_and_shown(client, hr, course, li):
    page = client.get(f"/people/{li.pk}/")
    assert page_of(li) in page.text and "No external training is recorded." in page.text
    answer = client.post(page_of(li), training_fields(course, reference="77"), follow=True)
    assert "Li Na: recorded." in answer.text
    for words in ("External training on 2 March 2026", "certified until 2 March 2027", "Certificate of TÜV (77)"):
        assert words in answer.text
    assert "recorded by Hana" in answer.text
    one = ExternalTraining.objects.get()
    assert (one.person, one.valid_until, one.recorded_by) == (li, date(2027, 3, 2), hr)
    assert (
        "this training date is already recorded" in client.post(page_of(li), training_fields(course), follow=True).text
    )
    assert ExternalTraining.objects.count() == 1
    assert not Certificate.objects.exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"trained_on": "2026-11-26"}, "Enter the date on which the training was completed, today at the latest."),
        ({"trained_on": "1899-12-31"}, "Enter the date on which the training was completed, today at the latest."),
        ({"trained_on": ""}, "This field is required."),
        ({"last_day": "2026-03-01"}, "Enter a date after the training date."),
        ({"last_day": "2201-01-01"}, "Enter a date after the training date."),
        ({"proof": " "}, "This field is required."),
        ({"proof": "a\0b"}, "Null characters are not allowed."),
        ({"course": "999"}, "Select a valid choice. That choice is not one of the available choices."),
    ],
)
def test_invalid_field_shows_error_and_saves_nothing(client, course, li, fields, error):
    answer = client.post(page_of(li), training_fields(course, **fields))
    assert (answer.status_code, list(answer.context["form"].errors.values())) == (422, [[error]])
    assert not ExternalTraining.objects.exists()


def test_nobody_records_own_and_hr_no_staff_training(client, hr, course):
    admin = make_admin()
    for person in (hr, make_editor(), admin, make_auditor()):
        assert client.post(page_of(person), training_fields(course)).status_code == 404
    client.force_login(admin)
    assert client.post(page_of(admin), training_fields(course)).status_code == 404
    assert client.post(page_of(hr), training_fields(course)).status_code == 302
    assert [each.person for each in ExternalTraining.objects.all()] == [hr]


def test_training_is_revoked_once_with_reason(client, course, li):
    client.post(page_of(li), training_fields(course))
    address = f"{PAGE}{ExternalTraining.objects.get().pk}/undo/"
    assert address in client.get(f"/people/{li.pk}/").text
    assert client.post(address, {"reason": " "}).status_code == 422
    for reason in ("Another Li Na", "Another reason"):
        assert client.post(address, {"reason": reason}).url == f"/people/{li.pk}/"
    page = client.get(f"/people/{li.pk}/").text
    assert address not in page and "Another Li Na" in page and "Another reason" not in page
    assert "Another Li Na" in client.get(address).text
    assert not Certification.objects.exists()


def test_hr_cannot_revoke_own_or_staff_training(client, hr, course):
    for person in (hr, make_editor()):
        training = ExternalTraining(person=person, course=course, trained_on=date(2026, 3, 2), proof="x")
        [one] = record_external_training([training], by=make_admin())
        assert client.post(f"{PAGE}{one.pk}/undo/", {"reason": "Wrong"}).status_code == 404


@pytest.mark.parametrize(("remarks", "is_taken"), [(190_000, True), (200_001, False)])
def test_file_above_200000_characters_is_refused(client, course, li, remarks, is_taken):
    rows = [["Staff number", "Course", "Trained on", "Proof", "Remarks"], ["A12", "tea-room", "2026-03-02", "Seen"]]
    rows += [["A12", "tea-room", f"2026-02-0{number}", "Seen", "x" * (remarks // 5)] for number in range(1, 6)]
    file = SimpleUploadedFile("wide.csv", "\n".join(map(",".join, rows)).encode())
    shown = client.post(PAGE, {"file": file})
    assert ("This list has more than 200,000 characters." in shown.text) != is_taken
    assert shown.status_code == (200 if is_taken else 422)
    if is_taken:
        form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
        assert client.post(PAGE, {**form, "act": "go"}).status_code == 302
        assert ExternalTraining.objects.count() == 6


def test_list_is_previewed_and_imported_once(client, hr, course, li):
    file = SimpleUploadedFile("last year.csv", LIST.encode("gb18030"))
    shown = client.post(PAGE, {"file": file})
    assert shown.status_code == 200
    assert [(each.cell, each.stood) for each in shown.context["problems"]] == [("A3", "A99")]
    assert (shown.context["new_number"], ExternalTraining.objects.count()) == (1, 0)
    form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
    done = client.post(PAGE, {**form, "act": "go"}, follow=True)
    assert "1 external training is recorded." in done.text and "1 row was skipped." in done.text
    assert [each.person for each in ExternalTraining.objects.all()] == [li]
    again = client.post(PAGE, {**form, "act": "go"}, follow=True)
    assert "0 external trainings are recorded." in again.text
    assert ExternalTraining.objects.count() == 1


def test_changed_list_is_previewed_again(client, course, li):
    shown = client.post(PAGE, {"lines": LIST, "act": "go"})
    assert (shown.status_code, ExternalTraining.objects.count()) == (200, 0)
    seen = shown.context["form"]["seen"].value()
    changed = client.post(PAGE, {"lines": LIST.replace("Seen", "Read"), "seen": seen, "act": "go"})
    assert (changed.status_code, ExternalTraining.objects.count()) == (200, 0)
    assert client.post(PAGE, {"lines": LIST.replace("\n", "\r\n"), "seen": seen, "act": "go"}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({}, "file", "Choose a file, or paste the list below."),
        (
            {"lines": "Name,Course\nLi,tea\n"},
            "lines",
            "The list needs a heading for the staff number or the email address.",
        ),
        ({"lines": "E-mail\n" + "a@example.com\n" * 1001}, "lines", "This list has more than 1,000 rows."),
        ({"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04 no zip")}, "file", "This file cannot be read"),
    ],
)
def test_invalid_list_is_refused_and_input_kept(client, fields, field, error):
    answer = client.post(PAGE, fields)
    assert answer.status_code == 422
    [words] = answer.context["form"].errors[field]
    assert words.startswith(error)
    assert answer.context["form"]["lines"].value() == fields.get("lines")


def test_page_lists_training_of_staff_only_to_admin(client, hr, course, li):
    editor, admin = make_editor(), make_admin()
    for person in (li, editor):
        training = ExternalTraining(person=person, course=course, trained_on=date(2026, 3, 2), proof="x")
        record_external_training([training], by=admin)
    assert [each.person for each in client.get(PAGE).context["page"].object_list] == [li]
    client.force_login(admin)
    assert [each.person for each in client.get(PAGE).context["page"].object_list] == [editor, li]


def test_pages_take_same_queries_for_1_and_3_trainings(client, course, li):
    def record(day):
        training = ExternalTraining(person=li, course=course, trained_on=date(2026, 3, day), proof="x")
        record_external_training([training], by=make_admin())

    record(1)
    for address in (PAGE, f"/people/{li.pk}/"):
        client.get(address)
    one = [statements(lambda: client.get(PAGE)), statements(lambda: client.get(f"/people/{li.pk}/"))]
    record(2), record(3)
    assert [statements(lambda: client.get(PAGE)), statements(lambda: client.get(f"/people/{li.pk}/"))] == one


# Rows of an imported list.


HEADINGS = "Staff number,E-mail,Course,Trained on,Valid until,Proof,Reference\n"


def read(text, by=None, **usual):
    rows = compare_with_records(
        parse_table(read_text(text.encode(), "utf-8"), SORT), Usual(**usual), by=by or make_hr()
    )
    return rows


def values_of(row):
    one = row.training
    return one.person, one.course, one.trained_on, one.valid_until, one.proof, one.reference


def faults(text, **options):
    return [(row.line, each.cell, each.stood, each.words) for row in read(text, **options) for each in row.problems]


def test_row_is_parsed_into_training(course, li):
    [row] = read(HEADINGS + "A12,,tea-room,2026-03-02,2026-12-31,Certificate of TÜV,77\n")
    assert values_of(row) == (li, course, date(2026, 3, 2), date(2026, 12, 31), "Certificate of TÜV", "77")
    assert row.is_new and not row.is_known


@pytest.mark.parametrize(
    "text",
    [
        "工号,姓名,课程,培训日期,凭据\nＡ１２,李娜,Rules of the tea room,2026年3月2日,名单\n",
        "名单\n\n邮箱;课程名称;完成日期;证明\nLI@example.com;TEA-ROOM;20260302;名单\n",
        "Employee ID\tTraining\tCompleted on\tEvidence\na12\trules of  the TEA room\t2026/3/2\t名单\n",
    ],
)
def test_headings_and_dates_of_both_languages_are_accepted(course, li, text):
    [row] = read(text)
    assert values_of(row) == (li, course, date(2026, 3, 2), date(2027, 3, 2), "名单", "")


def test_missing_cells_use_form_fields(course, li):
    [row] = read("Staff number,Trained on\nA12,2026-03-02\n", course=course, proof="List of the former company")
    assert values_of(row)[1:5] == (course, date(2026, 3, 2), date(2027, 3, 2), "List of the former company")


def test_each_invalid_cell_is_named_with_its_value(course, li):
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
        (2, "A2", "A99", "No person has this staff number or email address."),
        (3, "C3", "coffee", "This course does not exist. Enter the title or the ID of a course on this site."),
        (4, "D4", "soon", "This is not a date. Enter a date such as 2026-12-01."),
        (
            5,
            "D5",
            "2026-11-26",
            "The training date is in the future. Enter the date on which the training was completed.",
        ),
        (6, "E6", "2026-03-01", "The expiry date is before the training date."),
        (7, "A7", "", "This row needs a staff number or an email address."),
        (8, "C8", "", "The course is missing. Enter it in the row or in the field below."),
        (8, "D8", "", "The training date is missing."),
        (8, "F8", "", "The proof is missing. Enter it in the row or in the field below."),
        (9, "A9", "H1", "You cannot record your own training. Ask a colleague or an admin."),
        (
            10,
            "A10",
            "S1",
            "This person has access to the admin pages or is an auditor. Only an admin can record this training.",
        ),
        (
            11,
            "A11",
            "R1",
            "This person has access to the admin pages or is an auditor. Only an admin can record this training.",
        ),
    ]
    by_admin = read(HEADINGS + "\n".join(rows), by=admin)
    assert [row.line for row in by_admin if row.is_new] == [9, 11, 12]


def test_known_rows_are_skipped_and_contradicting_rows_refused(course, li):
    text, hr = HEADINGS + "A12,,tea-room,2026-03-02,2026-12-31,x,\n", make_hr()
    assert record_trainings(new_of(read(text, hr)), by=hr, ends=None).trainings == 1
    [again] = read(text, hr)
    assert (again.is_known, again.is_new, again.problems) == (True, False, [])
    assert record_trainings(new_of([again]), by=hr, ends=None).trainings == 0
    [other] = read(HEADINGS + "A12,,tea-room,2026-03-02,2027-12-31,x,\n", hr)
    assert [each.words for each in other.problems] == [
        "This training is already recorded with a different expiry date. Revoke that record first."
    ]
    contradict = "A12,,tea-room,2026-04-02,,x,\n,li@example.com,Rules of the tea room,2026-04-02,2027-01-01,y,\n"
    rows = read(HEADINGS + contradict, hr)
    errors = [[each.words for each in row.problems] for row in rows]
    assert errors == [[], ["Line 2 of the list has the same person, course and date as this line."]]
    assert record_trainings(new_of(rows), by=hr, ends=None).trainings == 1
    assert (ExternalTraining.objects.count(), Event.objects.filter(verb="external-training-recorded").count()) == (2, 2)
    assert Certification.objects.get().certified_until == date(2027, 4, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), ("Name,Course\nLi,tea-room\n", "no-headings"), (HEADINGS, "empty"), ("<html>", "web-page")],
)
def test_unusable_file_is_refused_as_a_whole(text, code):
    with pytest.raises(ListRefused) as refused:
        parse_table(read_text(text.encode(), "utf-8"), SORT)
    assert refused.value.code == code


def test_comparison_takes_same_queries_for_1_and_3_rows(course):
    hr = make_hr()
    lines = [f"{make_user(staff_number=f'B{number}').staff_number},,tea-room,2026-03-02,,x,\n" for number in range(3)]

    def cost(some):
        with CaptureQueriesContext(connection) as asked:
            read(HEADINGS + "".join(some), hr)
        return len(asked)

    cost(lines)
    assert cost(lines[:1]) == cost(lines)


# External training of merged accounts.


@pytest.fixture
def kept():
    return make_user("王小明", staff_number="A12")


@pytest.fixture
def other():
    return make_user("王晓明", staff_number="A-0012")


def training_of(person, course):
    return ExternalTraining(person=person, course=course, trained_on=date(2026, 1, 5), proof="A card")


def test_training_of_alias_belongs_to_kept_account(kept, other, course, hr):
    merge(kept, other, by=hr)
    record_external_training([training_of(other, course)], by=hr)
    assert record_external_training([training_of(kept, course)], by=hr) == []
    assert ExternalTraining.objects.get().person == kept
    assert Certification.objects.get().learner == kept


def test_nobody_records_own_training_through_alias(other, course):
    person = make_hr(name="Li Na")
    merge(person, other, by=make_admin())
    with pytest.raises(OwnTraining):
        record_external_training([training_of(other, course)], by=person)


def test_list_with_alias_refers_to_kept_account(kept, other, course, hr):
    merge(kept, other, by=hr)
    text = "staff number,course,trained on,proof\nA-0012,tea-room,2026-01-05,card\nA12,tea-room,2026-01-05,card\n"
    rows = compare_with_records(parse_table(read_text(text.encode(), "utf-8"), SORT), Usual(), by=hr)
    assert [[each.words for each in row.problems] for row in rows] == [
        [],
        ["Line 2 of the list has the same person, course and date as this line."],
    ]
    record_trainings(new_of(rows), by=hr, ends=None)
    assert ExternalTraining.objects.get().person == kept
