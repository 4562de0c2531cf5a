"""The trends page of a course."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courseware.reporting.dashboard import rows
from courseware.reporting.statistics import trends
from courseware.reporting.statistics.forecasts import OpenEnrollment
from tests.making import make_team, make_user
from tests.reporting.dashboards import learner_of
from tests.world import complete_course, finish_lesson, outline_of

pytestmark = pytest.mark.django_db
NOW = timezone.make_aware(timezone.datetime(2026, 11, 30, 10, 0))


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(NOW, tick=False)


def due_in(days):
    """The end of the day, so many days from today."""
    return timezone.make_aware(timezone.datetime(2026, 12, 1)) + timedelta(days=days)


def trends_for(manager):
    teams = dict(rows.teams_shown_to(manager).values_list("pk", "name"))
    return trends.trends_of(rows.dashboard_rows_of(manager, at=NOW), teams, "en", NOW)


def test_trends_count_late_new_and_completed_people(team):
    learner_of(team, "Late", due_at=due_in(-2))
    learner_of(team, "Without a day")
    learner_of(team, "Exempt", due_at=due_in(-2), exempted_at=NOW, exemption_reason="elsewhere")
    complete_course(learner_of(team, "Done", due_at=due_in(3)))
    learner_of(team, "New", due_at=due_in(10), enrolled_at=NOW - timedelta(days=12))
    learner_of(team, "Idle", due_at=due_in(10), enrolled_at=NOW - timedelta(days=13))
    shown = trends_for(team.manager)
    assert (shown.curve.total, shown.late, shown.new, shown.forecast) == (4, 1, 1, None)
    assert (list(shown.curve.done_days), shown.teams) == ([NOW.date()], [])


def test_pace_covers_last_14_days(team, monkeypatch):
    forecasts = []
    monkeypatch.setattr(trends, "forecast", forecasts.extend)
    enrollment = learner_of(team, "Begun", due_at=due_in(4), enrolled_at=NOW - timedelta(days=400))
    finish_lesson(enrollment, outline_of(enrollment.course).step("boiling"))
    enrollment.completions.update(completed_at=NOW - timedelta(days=13))
    trends_for(team.manager)
    enrollment.completions.update(completed_at=NOW - timedelta(days=14))
    trends_for(team.manager)
    assert forecasts == [OpenEnrollment(1, 5, (0,) * 13 + (1,)), OpenEnrollment(1, 5, (0,) * 14)]


def test_pace_of_new_learner_starts_at_enrollment(team, monkeypatch):
    forecasts = []
    monkeypatch.setattr(trends, "forecast", forecasts.extend)
    enrollment = learner_of(team, "Quick", due_at=due_in(0), enrolled_at=NOW - timedelta(days=2))
    finish_lesson(enrollment, outline_of(enrollment.course).step("boiling"))
    trends_for(team.manager)
    assert forecasts == [OpenEnrollment(1, 1, (0, 0, 1))]


def test_current_steps_count_started_people_only(team):
    for name in ("One", "Two"):
        enrollment = learner_of(team, name)
        finish_lesson(enrollment, outline_of(enrollment.course).step("boiling"))
    learner_of(team, "Not begun")
    complete_course(learner_of(team, "Done"))
    assert [(step.id, number) for step, number in trends_for(team.manager).steps] == [("last-cup", 2)]


def test_teams_are_sorted_by_late_people():
    company = make_team("Firm", manager=make_user("Top"))
    good, bad = make_team("Aa", parent=company), make_team("Bb", parent=company)
    learner_of(good, "Early", due_at=due_in(4))
    learner_of(bad, "Late", due_at=due_in(-4))
    learner_of(bad, "In time", due_at=due_in(4))
    shown = trends_for(company.manager)
    assert [(each.team, each.late, each.curve.total) for each in shown.teams] == [("Bb", 1, 2), ("Aa", 0, 1)]


@pytest.mark.parametrize("most", [0, 1])
def test_too_many_people_show_no_chart(client, team, monkeypatch, most):
    monkeypatch.setattr("courseware.reporting.views.statistics.MOST_RUNS", most)
    learner_of(team, "One", due_at=due_in(4))
    page = client.get(reverse("reporting:trends")).content.decode()
    assert ("Too many people for a chart" in page) is (most == 0)


def test_page_shows_one_course_and_ignores_unknown(client, team):
    learner_of(team, "Here", due_at=due_in(4))
    assert "Trends – Rules of the tea room" in client.get(reverse("reporting:trends")).content.decode()
    assert client.get(reverse("reporting:trends"), {"course": "no-such-course"}).status_code == 200


def test_empty_page_explains_and_is_hidden_from_outsiders(client, team):
    assert "Nothing to show yet" in client.get(reverse("reporting:trends")).content.decode()
    client.force_login(make_user("Outsider"))
    assert client.get(reverse("reporting:trends")).status_code == 404


@pytest.mark.slow
def test_page_forecasts_late_people_from_20(client, team):
    for number in range(20):
        enrollment = learner_of(team, f"Learner {number}", due_at=due_in(3), enrolled_at=NOW - timedelta(days=30))
        if number < 13:
            finish_lesson(enrollment, outline_of(enrollment.course).step("boiling"))
    learner_of(team, "Late", due_at=due_in(-1))
    page = client.get(reverse("reporting:trends")).content.decode()
    # 7 are idle. The others have 1 lesson and 4 days left; each is late with a chance of (13/14)⁴ = 0.74.
    assert "15 to 19 more people will probably be overdue" in page and "1 person is already overdue." in page
    assert "if the 20 people who still have time continue" in page
