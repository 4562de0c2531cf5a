"""Outside training on the pages of human resources: recorded by hand or as a list, taken back, for whom and by whom."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseware.assessment.models import Certificate, OutsideTraining, Standing
from courseware.assessment.outside_records import record_outside
from tests.counting import statements
from tests.making import make_admin, make_auditor, make_editor, make_hr, make_user

pytestmark = pytest.mark.django_db
PAGE = "/people/outside/"
LIST = "Staff number,Course,Trained on,Proof\nA12,tea-room,2026-03-02,Seen\nA99,tea-room,2026-03-02,Seen\n"


@pytest.fixture
def hr(client):
    hr = make_hr(name="Hana")
    client.force_login(hr)
    return hr


@pytest.fixture
def li():
    return make_user("Li Na", staff_number="A12", email="li@example.com")


def given(taught, **fields):
    return {"course": taught.pk, "trained_on": "2026-03-02", "proof": "Certificate of TÜV"} | fields


def of(person):
    return f"/people/{person.pk}/outside/"


def test_what_one_person_learned_elsewhere_is_recorded_with_its_proof_and_stands_on_the_person(client, hr, course, li):
    page = client.get(f"/people/{li.pk}/")
    assert of(li) in page.text and "None is recorded." in page.text
    answer = client.post(of(li), given(course, reference="77"), follow=True)
    assert "Li Na: recorded." in answer.text
    for words in ("Trained elsewhere on 2 March 2026", "certified until 2 March 2027", "Certificate of TÜV (77)"):
        assert words in answer.text
    assert "recorded by Hana" in answer.text
    one = OutsideTraining.objects.get()
    assert (one.person, one.valid_until, one.recorded_by) == (li, date(2027, 3, 2), hr)
    assert "that day is recorded already" in client.post(of(li), given(course), follow=True).text
    assert OutsideTraining.objects.count() == 1
    assert not Certificate.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"trained_on": "2026-11-26"}, "Expected the day on which it was learned, today at the latest."),
        ({"trained_on": "1899-12-31"}, "Expected the day on which it was learned, today at the latest."),
        ({"trained_on": ""}, "This field is required."),
        ({"last_day": "2026-03-01"}, "Expected a day after it was learned."),
        ({"last_day": "2201-01-01"}, "Expected a day after it was learned."),
        ({"proof": " "}, "This field is required."),
        ({"proof": "a\0b"}, "Null characters are not allowed."),
        ({"course": "999"}, "Select a valid choice. That choice is not one of the available choices."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_kept(client, hr, course, li, fields, said):
    answer = client.post(of(li), given(course, **fields))
    assert (answer.status_code, list(answer.context["form"].errors.values())) == (422, [[said]])
    assert not OutsideTraining.objects.exists()


def test_nobody_records_the_own_one_nor_human_resources_that_of_staff_or_who_audits(client, hr, course):
    admin = make_admin()
    for person in (hr, make_editor(), admin, make_auditor()):
        assert client.post(of(person), given(course)).status_code == 404
    client.force_login(admin)
    assert client.post(of(admin), given(course)).status_code == 404
    assert client.post(of(hr), given(course)).status_code == 302
    assert [each.person for each in OutsideTraining.objects.all()] == [hr]


def test_a_wrong_one_is_taken_back_once_with_a_reason_and_stays_on_the_page(client, hr, course, li):
    client.post(of(li), given(course))
    address = f"{PAGE}{OutsideTraining.objects.get().pk}/take-back/"
    assert address in client.get(f"/people/{li.pk}/").text
    assert client.post(address, {"reason": " "}).status_code == 422
    for reason in ("Another Li Na", "Another reason"):
        assert client.post(address, {"reason": reason}).url == f"/people/{li.pk}/"
    page = client.get(f"/people/{li.pk}/").text
    assert address not in page and "Another Li Na" in page and "Another reason" not in page
    assert "Another Li Na" in client.get(address).text
    assert not Standing.objects.exists()


def test_human_resources_take_back_neither_the_own_one_nor_that_of_staff(client, hr, course):
    for person in (hr, make_editor()):
        said = OutsideTraining(person=person, course=course, trained_on=date(2026, 3, 2), proof="x")
        [one] = record_outside([said], by=make_admin())
        assert client.post(f"{PAGE}{one.pk}/take-back/", {"reason": "Wrong"}).status_code == 404


@pytest.mark.parametrize(("remarks", "is_taken"), [(190_000, True), (200_001, False)])
def test_a_file_that_is_too_wide_to_come_back_as_text_is_refused_in_words(client, hr, course, li, remarks, is_taken):
    rows = [["Staff number", "Course", "Trained on", "Proof", "Remarks"], ["A12", "tea-room", "2026-03-02", "Seen"]]
    rows += [["A12", "tea-room", f"2026-02-0{number}", "Seen", "x" * (remarks // 5)] for number in range(1, 6)]
    file = SimpleUploadedFile("wide.csv", "\n".join(map(",".join, rows)).encode())
    shown = client.post(PAGE, {"file": file})
    assert ("This list holds more than 200,000 characters." in shown.text) != is_taken
    assert shown.status_code == (200 if is_taken else 422)
    if is_taken:
        form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
        assert client.post(PAGE, {**form, "act": "go"}).status_code == 302
        assert OutsideTraining.objects.count() == 6


def test_a_list_is_shown_first_then_done_once_and_what_is_wrong_in_it_is_named_by_cell(client, hr, course, li):
    file = SimpleUploadedFile("last year.csv", LIST.encode("gb18030"))
    shown = client.post(PAGE, {"file": file})
    assert shown.status_code == 200
    assert [(each.cell, each.stood) for each in shown.context["problems"]] == [("A3", "A99")]
    assert (shown.context["new_number"], OutsideTraining.objects.count()) == (1, 0)
    form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
    done = client.post(PAGE, {**form, "act": "go"}, follow=True)
    assert "1 training is recorded." in done.text and "1 row was left out." in done.text
    assert [each.person for each in OutsideTraining.objects.all()] == [li]
    again = client.post(PAGE, {**form, "act": "go"}, follow=True)
    assert "0 trainings are recorded." in again.text
    assert OutsideTraining.objects.count() == 1


def test_a_list_that_was_changed_since_it_was_shown_is_shown_again(client, hr, course, li):
    shown = client.post(PAGE, {"lines": LIST, "act": "go"})
    assert (shown.status_code, OutsideTraining.objects.count()) == (200, 0)
    seen = shown.context["form"]["seen"].value()
    changed = client.post(PAGE, {"lines": LIST.replace("Seen", "Read"), "seen": seen, "act": "go"})
    assert (changed.status_code, OutsideTraining.objects.count()) == (200, 0)
    assert client.post(PAGE, {"lines": LIST.replace("\n", "\r\n"), "seen": seen, "act": "go"}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({}, "file", "Choose a file, or paste the list below."),
        ({"lines": "Name,Course\nLi,tea\n"}, "lines", "No heading names a staff number or an e-mail address."),
        ({"lines": "E-mail\n" + "a@example.com\n" * 1001}, "lines", "These are more than 1,000 rows."),
        ({"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04 no zip")}, "file", "This file cannot be read"),
    ],
)
def test_what_is_no_list_is_said_in_a_sentence_and_what_was_typed_stays(client, hr, fields, field, said):
    answer = client.post(PAGE, fields)
    assert answer.status_code == 422
    [words] = answer.context["form"].errors[field]
    assert words.startswith(said)
    assert answer.context["form"]["lines"].value() == fields.get("lines")


def test_the_page_lists_what_is_recorded_but_that_of_staff_only_to_an_admin(client, hr, course, li):
    editor, admin = make_editor(), make_admin()
    for person in (li, editor):
        said = OutsideTraining(person=person, course=course, trained_on=date(2026, 3, 2), proof="x")
        record_outside([said], by=admin)
    assert [each.person for each in client.get(PAGE).context["page"].object_list] == [li]
    client.force_login(admin)
    assert [each.person for each in client.get(PAGE).context["page"].object_list] == [editor, li]


def test_the_pages_cost_the_same_for_one_and_for_three(client, hr, course, li):
    def record(day):
        said = OutsideTraining(person=li, course=course, trained_on=date(2026, 3, day), proof="x")
        record_outside([said], by=make_admin())

    record(1)
    for address in (PAGE, f"/people/{li.pk}/"):
        client.get(address)
    one = [statements(lambda: client.get(PAGE)), statements(lambda: client.get(f"/people/{li.pk}/"))]
    record(2), record(3)
    assert [statements(lambda: client.get(PAGE)), statements(lambda: client.get(f"/people/{li.pk}/"))] == one
