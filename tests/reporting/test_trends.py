"""The page that draws how a course goes."""

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
    """The end of the day so many from today."""
    return timezone.make_aware(timezone.datetime(2026, 12, 1)) + timedelta(days=days)


def outlook_for(manager):
    teams = dict(rows.teams_shown_to(manager).values_list("pk", "name"))
    return trends.trends_of(rows.dashboard_rows_of(manager, at=NOW), teams, "en", NOW)


def test_late_open_done_and_excused_people_count_each_where_they_belong(team):
    learner_of(team, "Late", due_at=due_in(-2))
    learner_of(team, "Without a day")
    learner_of(team, "Exempt", due_at=due_in(-2), exempted_at=NOW, exemption_reason="elsewhere")
    complete_course(learner_of(team, "Done", due_at=due_in(3)))
    learner_of(team, "New", due_at=due_in(10), enrolled_at=NOW - timedelta(days=12))
    learner_of(team, "Idle", due_at=due_in(10), enrolled_at=NOW - timedelta(days=13))
    seen = outlook_for(team.manager)
    assert (seen.curve.total, seen.late, seen.new, seen.forecast) == (4, 1, 1, None)
    assert (list(seen.curve.done_days), seen.teams) == ([NOW.date()], [])


def test_the_pace_is_what_was_done_on_each_of_the_last_fourteen_days(team, monkeypatch):
    told = []
    monkeypatch.setattr(trends, "forecast", told.extend)
    run = learner_of(team, "Begun", due_at=due_in(4), enrolled_at=NOW - timedelta(days=400))
    finish_lesson(run, outline_of(run.course).step("boiling"))
    run.completions.update(completed_at=NOW - timedelta(days=13))
    outlook_for(team.manager)
    run.completions.update(completed_at=NOW - timedelta(days=14))
    outlook_for(team.manager)
    assert told == [OpenEnrollment(1, 5, (0,) * 13 + (1,)), OpenEnrollment(1, 5, (0,) * 14)]


def test_who_came_lately_is_measured_by_the_days_since_then(team, monkeypatch):
    told = []
    monkeypatch.setattr(trends, "forecast", told.extend)
    run = learner_of(team, "Quick", due_at=due_in(0), enrolled_at=NOW - timedelta(days=2))
    finish_lesson(run, outline_of(run.course).step("boiling"))
    outlook_for(team.manager)
    assert told == [OpenEnrollment(1, 1, (0, 0, 1))]


def test_where_people_stand_counts_who_has_begun_and_is_not_done(team):
    for name in ("One", "Two"):
        run = learner_of(team, name)
        finish_lesson(run, outline_of(run.course).step("boiling"))
    learner_of(team, "Not begun")
    complete_course(learner_of(team, "Done"))
    assert [(step.id, number) for step, number in outlook_for(team.manager).steps] == [("last-cup", 2)]


def test_teams_stand_side_by_side_that_with_most_late_people_first():
    above = make_team("Firm", manager=make_user("Top"))
    good, bad = make_team("Aa", parent=above), make_team("Bb", parent=above)
    learner_of(good, "Early", due_at=due_in(4))
    learner_of(bad, "Late", due_at=due_in(-4))
    learner_of(bad, "In time", due_at=due_in(4))
    seen = outlook_for(above.manager)
    assert [(each.team, each.late, each.curve.total) for each in seen.teams] == [("Bb", 1, 2), ("Aa", 0, 1)]


@pytest.mark.parametrize("most", [0, 1])
def test_too_many_for_a_picture_are_told_so(client, team, monkeypatch, most):
    monkeypatch.setattr("courseware.reporting.views.statistics.MOST_RUNS", most)
    learner_of(team, "One", due_at=due_in(4))
    page = client.get(reverse("reporting:trends")).content.decode()
    assert ("Too many people for a chart" in page) is (most == 0)


def test_one_course_is_drawn_and_the_other_can_be_chosen(client, team):
    learner_of(team, "Here", due_at=due_in(4))
    assert "Trends – Rules of the tea room" in client.get(reverse("reporting:trends")).content.decode()
    assert client.get(reverse("reporting:trends"), {"course": "no-such-course"}).status_code == 200


def test_with_nobody_there_is_a_sentence_and_an_outsider_finds_no_page(client, team):
    assert "Nothing to show yet" in client.get(reverse("reporting:trends")).content.decode()
    client.force_login(make_user("Outsider"))
    assert client.get(reverse("reporting:trends")).status_code == 404


def test_of_twenty_with_time_left_it_says_how_many_more_will_be_late(client, team):
    for number in range(20):
        run = learner_of(team, f"Learner {number}", due_at=due_in(3), enrolled_at=NOW - timedelta(days=30))
        if number < 13:
            finish_lesson(run, outline_of(run.course).step("boiling"))
    learner_of(team, "Late", due_at=due_in(-1))
    page = client.get(reverse("reporting:trends")).content.decode()
    # Seven do nothing. Of the rest one lesson is left, four days, and a chance of (13/14)⁴ = 0.74 for each to be late.
    assert "15 to 19 more will be late" in page and "1 person is late already." in page
    assert "if the 20 people with time left continue" in page
