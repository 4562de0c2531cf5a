"""Pages for recording absences, and where absences are shown."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.accounts.models import Absence
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.models import Enrollment
from courseware.lib import dates
from courseware.lib.dates import site_day
from tests.making import join, make_admin, make_enrollment, make_hr, make_user
from tests.world import rows_shown_to

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def enrollment(team):
    enrollment = make_enrollment(make_user("周凯"), due_at=dates.due_instant(dates.site_day() + 60 * DAY, zone()))
    join(team, enrollment.learner)
    return enrollment


def zone():
    return timezone.get_default_timezone()


def page_of(enrollment):
    return f"/people/{enrollment.learner_id}/absences/"


def days(first, last):
    """Form fields with these days, counted from today."""
    today = dates.site_day()
    return {"first_day": (today + first * DAY).isoformat(), "last_day": (today + last * DAY).isoformat()}


def recorded(person):
    today = dates.site_day()
    return [
        ((each.first_day - today).days, (each.last_day - today).days) for each in Absence.objects.filter(person=person)
    ]


def due_on(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk).due_on


def test_manager_records_absence(client, team, enrollment):
    client.force_login(team.manager)
    answer = client.post(page_of(enrollment), {**days(0, 6), "why": "training"}, follow=True)
    assert recorded(enrollment.learner) == [(0, 6)]
    assert "周凯 is away until" in answer.text
    assert "training" in answer.text
    assert "moved by" in answer.text


@pytest.mark.parametrize(
    ("first_to_last", "other", "words"),
    [
        ((5, 3), {}, "The last day is before the first"),
        ((-400, 3), {}, "at most 1 year before or after today"),
        ((1, 2000), {}, "at most 3 years"),
        ((0, 0), {"first_day": "", "last_day": ""}, "This field is required"),
        ((3, 3), {"why": "x" * 101}, "at most 100 characters"),
        ((9, 12), {}, "Another absence already covers"),
    ],
)
def test_invalid_absence_is_refused_and_input_kept(client, team, enrollment, first_to_last, other, words):
    typed = days(*first_to_last) | other
    record_absence(enrollment.learner, dates.site_day() + 10 * DAY, dates.site_day() + 11 * DAY, by=None)
    client.force_login(team.manager)
    answer = client.post(page_of(enrollment), typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert typed["first_day"] in answer.text
    assert recorded(enrollment.learner) == [(10, 11)]


def test_absence_is_changed_and_ended_yesterday(client, team, enrollment):
    due_before = due_on(enrollment)
    absence = record_absence(enrollment.learner, dates.site_day() - 14 * DAY, dates.site_day() + 13 * DAY, by=None)
    moved = due_on(enrollment)
    client.force_login(team.manager)
    prefix = f"absence-{absence.pk}-"
    typed = {prefix + name: value for name, value in days(-14, 20).items()}
    assert client.post(f"{page_of(enrollment)}{absence.pk}/", typed).status_code == 302
    assert recorded(enrollment.learner) == [(-14, 20)]
    client.post(f"{page_of(enrollment)}{absence.pk}/", {"is-back": "1"})
    assert recorded(enrollment.learner) == [(-14, -1)]
    # Days before the enrollment do not count, so none is left.
    assert moved > due_on(enrollment) == due_before


def test_marking_as_returned_does_not_extend_past_absence(client, team, enrollment):
    today = dates.site_day()
    past = record_absence(enrollment.learner, today - 9 * DAY, today - 6 * DAY, by=team.manager)
    record_absence(enrollment.learner, today - 4 * DAY, today - 3 * DAY, by=team.manager)
    client.force_login(team.manager)
    before = due_on(enrollment)
    assert client.post(f"{page_of(enrollment)}{past.pk}/", {"is-back": "1"}).status_code == 302
    assert (sorted(recorded(enrollment.learner)), due_on(enrollment)) == ([(-9, -6), (-4, -3)], before)


def test_invalid_change_shows_error_in_its_form(client, team, enrollment):
    today = dates.site_day()
    absence = record_absence(enrollment.learner, today, today + 2 * DAY, by=None)
    record_absence(enrollment.learner, today + 5 * DAY, today + 6 * DAY, by=None)
    client.force_login(team.manager)
    prefix = f"absence-{absence.pk}-"
    answer = client.post(
        f"{page_of(enrollment)}{absence.pk}/", {prefix + name: value for name, value in days(0, 5).items()}
    )
    assert answer.status_code == 422
    assert answer.text.count("Another absence already covers") == 1
    assert recorded(enrollment.learner) == [(0, 2), (5, 6)]


def test_second_undo_of_absence_is_ignored(client, team, enrollment):
    due_before = due_on(enrollment)
    absence = record_absence(enrollment.learner, dates.site_day(), dates.site_day() + 6 * DAY, by=None)
    client.force_login(team.manager)
    for _ in range(2):
        assert client.post(f"{page_of(enrollment)}{absence.pk}/undo/").status_code == 302
    assert recorded(enrollment.learner) == []
    assert due_on(enrollment) == due_before


def test_absence_of_another_person_is_not_changed(client, team, enrollment):
    other = make_user()
    join(team, other)
    absence = record_absence(other, dates.site_day(), dates.site_day(), by=None)
    client.force_login(team.manager)
    assert client.post(f"{page_of(enrollment)}{absence.pk}/", {"is-back": "1"}).status_code == 404
    client.post(f"{page_of(enrollment)}{absence.pk}/undo/")
    assert recorded(other) == [(0, 0)]


def test_hr_cannot_record_absence_of_staff(client):
    client.force_login(make_hr())
    staff = make_admin()
    assert client.get(f"/people/{staff.pk}/absences/").status_code == 404
    assert client.post(f"/people/{staff.pk}/absences/", days(1, 1)).status_code == 404
    assert recorded(staff) == []


def test_hr_cannot_record_own_absence(client):
    hr = make_hr()
    client.force_login(hr)
    assert client.get(f"/people/{hr.pk}/absences/").status_code == 404
    assert client.post(f"/people/{hr.pk}/absences/", days(1, 1)).status_code == 404
    assert recorded(hr) == []


def test_next_accepts_only_pages_of_site(client, team, enrollment):
    client.force_login(team.manager)
    before, elsewhere = f"/team/people/{enrollment.pk}/", "https://evil.example/"
    assert client.post(page_of(enrollment), {**days(0, 1), "next": before}).url == before
    assert client.post(page_of(enrollment), {**days(3, 4), "next": elsewhere}).url == page_of(enrollment)
    assert 'href="https://evil' not in client.get(page_of(enrollment), {"next": elsewhere}).text
    assert f'href="{before}"' in client.get(page_of(enrollment), {"next": before}).text


# Where absences are shown ---------------------------------------------------------------------------------------------


def record_week(enrollment):
    last = dates.site_day() + 6 * DAY
    record_absence(enrollment.learner, dates.site_day(), last, why="training", by=None)
    return last


def test_dashboard_and_csv_show_end_of_absence(client, team, enrollment):
    done = make_enrollment(make_user("王芳"), completed_at=timezone.now())
    join(team, done.learner)
    last = record_week(enrollment)
    record_week(done)
    found = {
        row.enrollment.learner.name: (row.away_until, row.journey.next_action.words)
        for row in rows_shown_to(team.manager)
    }
    assert found == {"周凯": (last, ""), "王芳": (None, "")}
    client.force_login(team.manager)
    page = client.get("/team/").text
    assert f"away until {last.day} {last:%B}" in page
    assert page.count("away until") == 1
    assert f'"{last.isoformat()}"' in client.get("/team/dashboard.csv", follow=True).getvalue().decode()


def test_dashboard_ignores_absences_of_other_days_and_people(team, enrollment):
    today = dates.site_day()
    record_absence(enrollment.learner, today - 3 * DAY, today - DAY, by=None)
    record_absence(enrollment.learner, today + DAY, today + 2 * DAY, by=None)
    record_absence(make_user(), today, today, by=None)
    [row] = rows_shown_to(team.manager)
    assert row.away_until is None


def test_person_page_shows_absence_and_moved_due_date(client, team, enrollment):
    record_week(enrollment)
    client.force_login(team.manager)
    page = client.get(f"/team/people/{enrollment.pk}/").text
    assert "away until" in page
    assert "training" in page
    assert "because of an absence" in page
    assert f'action="{page_of(enrollment)}"' in page


def test_home_shows_end_of_absence_and_continue_link(client, enrollment):
    last = record_week(enrollment)
    client.force_login(enrollment.learner)
    page = client.get("/").text
    assert f"You are away until {last:%A} {last.day} {last:%B}" in page
    assert "While you are away, you have nothing to complete" in page
    assert "The due date of this course is" in page
    assert "Continue anyway" in page
    assert "Start:" not in page
    Absence.objects.all().delete()
    assert "You are away" not in client.get("/").text


def test_record_shows_absence_and_moved_due_date(client, enrollment):
    record_week(enrollment)
    client.force_login(enrollment.learner)
    page = client.get("/learn/tea-room/record/").text
    assert "training" in page
    assert "because of an absence" in page


def test_record_omits_absences_outside_enrollment(client, enrollment):
    today = dates.site_day()
    record_absence(enrollment.learner, today - 30 * DAY, today - 29 * DAY, why="long ago", by=None)
    record_absence(enrollment.learner, today + 20 * DAY, today + 21 * DAY, why="later on", by=None)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now(), due_at=None)
    client.force_login(enrollment.learner)
    page = client.get("/learn/tea-room/record/").text
    assert "long ago" not in page
    assert "later on" not in page


def test_people_lists_filter_absent_people(client):
    for name, first in (("Now", 0), ("Later", 3)):
        record_absence(make_user(name), site_day() + first * DAY, site_day() + (first + 2) * DAY, by=None)
    client.force_login(make_admin())
    assert [person.name for person in client.get("/people/?status=away").context["page"]] == ["Now"]
    found = client.get("/admin/accounts/user/?away=now").context["cl"].result_list
    assert [person.name for person in found] == ["Now"]
