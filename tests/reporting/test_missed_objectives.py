"""Missed objectives by team, shown from 5 people."""

import uuid
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.learning.models import Answer, Completion
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.dashboard import rows
from courseware.reporting.statistics.missed_objectives import (
    HeatDrawing,
    MissedObjective,
    MissedObjectives,
    TeamObjective,
    missed_objectives_of,
)
from courseware.reporting.statistics.nightly_update import update_statistics
from tests.making import days, make_course, make_team
from tests.reporting.dashboards import learner_of
from tests.world import finish_lesson, outline_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(time_machine):
    time_machine.move_to("2026-11-25T04:00Z", tick=False)
    return time_machine


@pytest.fixture
def lesson():
    return next(step for step in outline_of(make_course()).steps if step.check and step.objectives)


def learned(team, lesson, *, ago=2, missed="", **fields):
    """An enrollment with all lessons done; `missed` is a question of this lesson answered wrong."""
    enrollment = learner_of(team, course=make_course(), **fields)
    for step in outline_of(enrollment.course).steps:
        if step.kind == "lesson":
            finish_lesson(enrollment, step)
    Completion.objects.filter(enrollment=enrollment).update(completed_at=timezone.now() - timedelta(days=ago))
    if missed:
        done = Completion.objects.get(enrollment=enrollment, document__identifier=lesson.id)
        facts = {"document": done.document, "revision": done.revision, "shape": "", "response": [], "is_right": False}
        Answer.objects.create(
            enrollment=enrollment, question=missed, token=uuid.uuid4(), answered_at=timezone.now(), **facts
        )
    return enrollment


def shares_of(user, lesson):
    """team → (number who missed the lesson's objective, of how many), or None"""
    teams = dict(rows.teams_shown_to(user).values_list("pk", "name"))
    course = make_course()
    outline = outline_of(course, "en")
    found = missed_objectives_of(outline, course.pk, teams)
    cells = next((line.cells for line in found.lines if line.text == outline.objective(lesson.objectives[0])), [])
    return {
        team: cell.share and (cell.share.count, cell.share.people)
        for team, cell in zip(found.teams, cells, strict=True)
    }


def tomorrow(clock):
    clock.move_to(timezone.now() + timedelta(days=1), tick=False)
    update_statistics()


@pytest.mark.slow
def test_shares_are_shown_from_5_people_after_2_days(team, lesson, clock):
    question = lesson.check[0].id
    for number in range(4):
        learned(team, lesson, ago=9 - number, missed=question if number else "")
    learned(team, lesson, ago=0)
    tomorrow(clock)  # the whole day between
    assert shares_of(team.manager, lesson) == {}
    tomorrow(clock)
    assert shares_of(team.manager, lesson) == {"Night shift": (3, 5)}


def test_only_check_questions_and_completed_lessons_count(team, lesson, clock):
    for _ in range(5):
        learned(team, lesson, missed="no-question-of-the-check")
    learner_of(team, "Begun")
    tomorrow(clock)
    assert shares_of(team.manager, lesson) == {"Night shift": (1, 5)}  # one or nobody


@pytest.mark.slow
def test_team_filter_shows_whole_teams_only(client, team, lesson, clock):
    below, other = make_team("Below", parent=team), make_team("Other", parent=team)
    for each in (below, other):
        for _ in range(6):
            learned(each, lesson)
    tomorrow(clock)
    client.force_login(team.manager)
    columns = {"": ["Below", "Other"], f"?team={other.pk}": ["Other"], f"?team={below.pk}": ["Below"]}
    for query, shown in columns.items():
        assert client.get(f"/team/trends/{query}").context["spots"].teams == shown


@pytest.mark.parametrize(
    ("share", "level"), [(None, 0), (Share(0, 5), 1), (Share(1, 5), 1), (Share(9, 10), 4), (Share(5, 5), 4)]
)
def test_cell_level_goes_by_fifths(share, level):
    assert MissedObjective(share).level == level


@pytest.mark.slow
def test_page_shows_most_missed_first_in_course_language(client, team, lesson, clock):
    for _ in range(5):
        learned(team, lesson, missed=lesson.check[0].id, due_at=days(3))
    tomorrow(clock)
    client.force_login(team.manager)
    page = BeautifulSoup(client.get("/team/trends/").content, "html.parser")
    assert page.select_one("h1 + p span")["lang"] == "en"
    first = page.select_one(".heat tbody tr")
    assert first.th["lang"] == "en"
    assert [cell.text for cell in first.select("td")] == ["1", "most"]
    picture = page.select_one("figure.heat-map")
    assert picture.figcaption.ol["lang"] == "en"
    assert picture.figcaption.li.get_text() == first.th.get_text()
    assert (picture.svg["role"], picture.svg.rect["class"]) == ("img", ["heat-4"])
    assert picture.svg.get_text(" ", strip=True).startswith("Night shift 1 ≥4/5")


def test_heat_map_has_square_per_objective_and_team():
    cells = [MissedObjective(Share(3, 5)), MissedObjective(None), MissedObjective(Share(5, 20))]
    lines = [TeamObjective("one", cells, 2), TeamObjective("two", cells[::-1], 1)]
    drawing = HeatDrawing(MissedObjectives(["A", "A very long name of a team", "C"], lines))
    assert [name for _x, _y, name in drawing.columns] == ["A", "A very long…", "C"]
    said = [[(square.words, square.level) for square in squares] for _y, squares in drawing.rows]
    assert said == [[("3/5", 3), ("–", 0), ("25%", 1)], [("25%", 1), ("–", 0), ("3/5", 3)]]
    squares = [(square.x, square.y) for _y, row in drawing.rows for square in row]
    width, height = drawing.square
    assert all(x + width <= drawing.width and y + height <= drawing.height for x, y in squares)
    assert not any(
        (x, y) != (other, below) and abs(x - other) < width and abs(y - below) < height
        for x, y in squares
        for other, below in squares
    )
    for column, (x, _y, _name) in enumerate(drawing.columns):
        assert {square.x < x < square.x + width for _y, row in drawing.rows for square in row[column : column + 1]} == {
            True
        }
