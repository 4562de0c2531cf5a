"""Page for calendar days of the site and of teams."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseware.accounts.models import CalendarDay
from tests.making import make_team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr_signed_in")]
DAYS = "/people/calendar/"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-26T04:00:00Z", tick=False)


def listed():
    return list(CalendarDay.objects.order_by("team", "day").values_list("team", "day", "is_free", "name"))


def test_page_shows_holidays_and_extra_working_days(client):
    page = client.get(DAYS).text
    assert "Saturday 14 February" in page
    assert "National Day" in page
    assert "Only weekends and statutory holidays" not in page
    assert "Only weekends are days off" not in page


def test_year_with_incomplete_calendar_shows_hint(client):
    assert "Only weekends and statutory holidays" in client.get(DAYS, {"year": 2027}).text
    assert "Only weekends are days off" in client.get(DAYS, {"year": 2028}).text
    CalendarDay.objects.create(day=date(2027, 2, 20), is_free=False)
    assert "Only weekends and statutory holidays" not in client.get(DAYS, {"year": 2027}).text


def test_invalid_year_or_team_falls_back_to_default(client):
    for typed in ({"year": "x"}, {"year": "1900"}, {"team": "999"}, {"team": "x", "year": "\0"}):
        page = client.get(DAYS, typed)
        assert (page.status_code, page.context["whose"], page.context["year"]) == (200, "the site", 2026)


def test_file_is_imported_into_shown_calendar(client):
    team = make_team("Night shift")
    file = SimpleUploadedFile("days.csv", "日期,类型,名称\n2026-12-24,休,平安夜\n".encode("gbk"))
    answer = client.post(f"{DAYS}?team={team.pk}&year=2026", {"file": file}, follow=True)
    assert listed() == [(team.pk, date(2026, 12, 24), True, "平安夜")]
    assert "1 day was changed in the calendar." in answer.text
    assert answer.redirect_chain[0][0] == f"{DAYS}?year=2026&team={team.pk}"
    assert "平安夜" not in client.get(DAYS).text


def test_pasted_lines_are_imported_and_their_year_shown(client):
    answer = client.post(DAYS, {"lines": "2027-12-24, free, Christmas Eve"})
    assert answer.url == f"{DAYS}?year=2027"
    assert listed() == [(None, date(2027, 12, 24), True, "Christmas Eve")]


def test_one_invalid_line_refuses_all_and_keeps_input(client):
    typed = "2026-12-24, free, <b>Eve</b>\n2026-12-32, free"
    answer = client.post(DAYS, {"lines": typed})
    assert answer.status_code == 422
    assert listed() == []
    assert "Enter a date such as 2026-10-01." in answer.text
    assert "2026-12-32" in answer.text
    assert "&lt;b&gt;Eve&lt;/b&gt;" in answer.text


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file, or enter at least 1 day off or working day."),
        ({"lines": " \n"}, "Choose a file, or enter at least 1 day off or working day."),
        ({"lines": "x" * 200_001}, "at most 200000 characters"),
    ],
)
def test_empty_or_too_long_form_is_refused(client, sent, words):
    answer = client.post(DAYS, sent)
    assert answer.status_code == 422
    assert words in answer.text


def test_too_large_file_is_refused(client):
    answer = client.post(DAYS, {"file": SimpleUploadedFile("days.csv", b"2026-10-01,free\n" * 20_000)})
    assert answer.status_code == 422
    assert "at most 200 KB" in answer.text


def test_year_is_removed_from_shown_calendar(client):
    client.post(DAYS, {"lines": "2026-12-24, free\n2027-12-24, free"})
    answer = client.post(f"{DAYS}remove/?year=2026", follow=True)
    assert "1 day was removed from the calendar." in answer.text
    assert listed() == [(None, date(2027, 12, 24), True, "")]
