"""Pages of the roster import: preview, progress and result."""

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile

from courseware.accounts.models import RosterImport, Team, User
from courseware.accounts.models import roster_import as rosters
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.roster_import.apply import apply_next
from courseware.audit_log.models import Event
from courseware.hr.roster_import import nightly, views
from tests.accounts.roster_import.company import compared, make_teams
from tests.accounts.roster_import.files import csv_file, xlsx
from tests.counting import statements
from tests.making import make_admin, make_editor, make_hr

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
HEADINGS = ("工号", "姓名", "邮箱", "团队")


def upload(client, *rows, data=None, name="people.csv", **fields):
    file = SimpleUploadedFile(name, csv_file(HEADINGS, *rows) if data is None else data)
    return client.post("/people/import/", {"file": file, **fields})


def upload_list(client, *rows, **fields):
    response = upload(client, *rows, **fields)
    assert response.status_code == 302, response.context["form"].errors
    roster = RosterImport.objects.latest("pk")
    assert response["Location"] == f"/people/import/{roster.pk}/"
    return roster


def page_of(client, roster, query=""):
    response = client.get(f"/people/import/{roster.pk}/{query}")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser").main


def press(client, roster, **fields):
    return client.post(f"/people/import/{roster.pk}/", fields)


def work(roster):
    while apply_next(roster.pk):
        pass


def test_preview_shows_changes_without_applying(client):
    teams = make_teams("Day", "Night")
    add_person("Li Na", staff_number="A1", team=teams["Day"], by=None)
    add_person("Old", staff_number="A2", by=None)
    events = Event.objects.count()
    rows = ("A1", "Li Nan", "", "Night"), ("A3", "Wang", "wang@example.com", "Day"), ("A4", "Zhao", "", "Nigth")
    page = page_of(client, upload_list(client, *rows, is_complete="on"))
    assert [each.text for each in page.select(".tally b")] == ["1", "1", "1", "0", "1"]
    words = " ".join(page.text.split())
    for shown in ("Wang wang@example.com Day", "Day Night", "D4 team Nigth", "Yes, Night", "can no longer sign in"):
        assert shown in words
    assert (User.objects.filter(is_active=True).count(), Event.objects.count()) == (3, events)


def test_list_without_changes_offers_only_another_list(client, hr):
    add_person("Wang", staff_number="A3", by=None)
    bad = ("A9", "", "no address", "")
    page = page_of(client, upload_list(client, bad))
    assert [each.text for each in page.select(".btn")] == ["Choose another list"]
    page = page_of(client, upload_list(client, bad, ("A3", "Wang Fang", "", "")))
    assert [each.text for each in page.select(".btn")] == ["Apply the changes to 1 person", "Choose another list"]


def test_selected_changes_are_applied_and_result_shown(client, hr):
    make_teams("Night")
    roster = upload_list(client, ("A3", "Wang", "", ""), ("A4", "Zhao", "", "Nigth"), ("A5", "", "", ""))
    assert page_of(client, roster).select_one("input[name=take]").has_attr("checked")
    assert press(client, roster, take="3").status_code == 302
    progress = page_of(client, roster)
    assert (progress.progress["value"], progress.progress["max"]) == ("0", "3")
    work(roster)
    done = page_of(client, roster)
    assert done.h1.text == "The list is imported"
    assert "A new person needs a name." in done.text
    assert sorted(User.objects.exclude(pk=hr.pk).values_list("name", flat=True)) == ["Wang", "Zhao"]


def test_import_can_be_stopped_after_current_chunk(client, monkeypatch):
    monkeypatch.setattr(rosters, "ROWS_A_PART", 1)
    roster = upload_list(client, ("A3", "Wang", "", ""), ("A4", "Zhao", "", ""))
    press(client, roster)
    nightly.apply_next_chunk.call(roster.pk)
    page = page_of(client, roster)
    assert page.select_one("button[name=stop]").text == "Stop the import after this part"
    address = f"/people/import/{roster.pk}/"
    text = client.post(address, {"stop": "yes"}, follow=True).text
    assert (
        "The import was stopped. The imported rows stay" in text
        and "The import stops after the current part of the list." in text
    )
    nightly.apply_next_chunk.call(roster.pk)
    page = page_of(client, roster)
    assert page.h1.text == "The import was stopped" and "1 of 2 rows were imported" in page.text
    assert "Nothing was stopped" in client.post(address, {"stop": "yes"}, follow=True).text
    assert User.objects.filter(staff_number__in=["A3", "A4"]).count() == 1


def test_many_leavers_need_second_confirmation(client, hr):
    for number in range(3):
        add_person("Old", staff_number=f"A{number}", by=None)
    roster = upload_list(client, ("B1", "New", "", ""), is_complete="on")
    refused = press(client, roster)
    assert (refused.status_code, RosterImport.objects.get(pk=roster.pk).begun_at) == (422, None)
    assert "is_sure" in refused.context["form"].errors
    assert press(client, roster, is_sure="on").status_code == 302


def test_duplicate_rows_are_refused_and_selection_kept(client):
    roster = upload_list(client, ("A1", "Li", "", ""), ("A1", "Lin", "", ""))
    refused = press(client, roster, take=["2", "3"])
    assert refused.status_code == 422
    ticked = BeautifulSoup(refused.content, "html.parser").select("input[name=take][checked]")
    assert [each["value"] for each in ticked] == ["2", "3"]
    assert RosterImport.objects.get(pk=roster.pk).begun_at is None


def test_only_rows_with_misspelt_team_are_preselected(client, hr):
    make_teams("Night")
    shared = ("A1", "Li", "one@example.com", "Nigth"), ("A2", "Lin", "one@example.com", "Night")
    page = page_of(client, upload_list(client, *shared, ("A3", "Wang", "", "Nigth")))
    assert [each["value"] for each in page.select("input[name=take]")] == ["2", "3", "4"]
    assert [each["value"] for each in page.select("input[name=take][checked]")] == ["4"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The submitted file is empty."),
        (b"<html>", "This file is a web page"),
        (b"PK\x03\x04...", "This file cannot be read"),
        (xlsx(("Blood group",), ("A",)), "The list needs a heading"),
    ],
)
def test_invalid_file_is_refused_with_message(client, data, words):
    response = upload(client, data=data)
    assert response.status_code == 422
    assert words in str(response.context["form"].errors["file"])
    assert not RosterImport.objects.exists()


def test_too_large_file_is_refused(client, hr, monkeypatch):
    monkeypatch.setattr(views, "MOST_UPLOADED", 10)
    assert "too large" in str(upload(client, ("A1", "Li", "", "")).context["form"].errors["file"])


def test_hr_cannot_change_staff_or_open_admin_import(client):
    editor = make_editor(name="Editor")
    User.objects.filter(pk=editor.pk).update(staff_number="E1")
    of_admin = None
    for user, faults in ((make_admin(), 0), (make_hr(), 1)):
        client.force_login(user)
        roster = upload_list(client, ("E1", "Other", "", ""))
        assert roster.counts["bad"] == faults
        of_admin = of_admin or roster
    assert client.get(f"/people/import/{of_admin.pk}/").status_code == 404


def test_missing_teams_are_created_only_if_selected(client, hr):
    rows = [(f"A{number}", f"Person {number}", "", f"Centre/Shift {number % 21}") for number in range(63)]
    roster = upload_list(client, *rows)
    page = page_of(client, roster)
    tick = page.select_one("[name=creates_teams]")
    assert not tick.has_attr("checked")
    assert "22 teams do not exist yet: create them" in page.text and "Centre/Shift 0 (3)" in page.text
    assert page.select("table") == []  # no row with a problem
    assert press(client, roster, creates_teams="on").status_code == 302
    work(roster)
    assert (Team.objects.count(), User.objects.filter(teams__parent__name="Centre").count()) == (22, 63)
    done = page_of(client, roster).text
    assert "22teams created" in done and "63new" in done


def test_rows_are_paginated_by_50(client):
    roster = upload_list(client, *((f"A{number}", f"Person {number}", "", "") for number in range(60)))
    assert [len(page_of(client, roster, f"?kind=join&page={page}").select(".lines > li")) for page in (1, 2)] == [
        50,
        10,
    ]
    assert client.get(f"/people/import/{roster.pk}/?kind=other").status_code == 404


@pytest.mark.slow
def test_pages_take_same_queries_for_2_and_30_rows(client, hr):
    make_teams("Day", "Night")
    found = []
    for number in (2, 3, 30):
        roster = upload_list(client, *((f"A{each}", "Li", "", "Dya" if each % 2 else "Day") for each in range(number)))
        address = f"/people/import/{roster.pk}/"
        client.get(address)
        before = statements(lambda address=address: client.get(address))
        press(client, roster)
        work(roster)
        found.append((before, statements(lambda address=address: client.get(address))))
    assert found[0] == found[1] == found[2]


# The audit log names the approver, and the uploader if different.


def confirm(client, user, roster):
    client.force_login(user)
    assert client.post(f"/people/import/{roster.pk}/").status_code == 302
    while apply_next(roster.pk):
        pass


def logged():
    return [(event.actor, event.data.get("brought_by", "–")) for event in Event.objects.filter(verb="person-added")]


@pytest.mark.parametrize("uploader", ["oneself", "a colleague", "the site"])
def test_audit_log_names_approver_and_uploader(client, uploader):
    hr = make_hr()
    by = {"oneself": hr, "a colleague": make_hr(), "the site": None}[uploader]
    roster = compared(["A1", "Li", "", ""], by=by)
    confirm(client, hr, roster)
    assert logged() == [(hr, "–" if by == hr else by and by.pk)]
    assert RosterImport.objects.get().is_confirmed == hr
