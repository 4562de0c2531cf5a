"""What stayed of a course, team by team: in fives, by the team that people learn in, and nothing of fewer."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup

from courseware.assessment.models import ExamAttempt
from courseware.assignments.models import FollowUp, FollowUpAnswers
from courseware.content.models import Document
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.lib.dates import site_day
from courseware.lib.text.fractions_text import AnonymousShare as Share
from courseware.reporting.integrity.check_all import differences
from courseware.reporting.integrity.enrollments import follow_ups
from courseware.reporting.statistics.course_outcomes import Gained, course_outcomes
from courseware.reporting.statistics.nightly_update import update_statistics
from courseware.reporting.views.statistics import teams_in_figures
from courseware.simulations.models import SimulationAttempt
from tests.assessment.exams import pre_check_files
from tests.assignments.follow_ups import answered, completed
from tests.course_format.samples import SHEET, make_files
from tests.making import make_editor, make_hr, make_team

pytestmark = pytest.mark.django_db
PAGE = "/surveys/tea-room/month-later/"
NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


def seen(team, *answers):
    """One sheet for each; returns the runs."""
    runs = [completed(team) for _each in answers]
    for run, each in zip(runs, answers, strict=True):
        answered(run, each, by=team.manager)
    return runs


def shown_to(user):
    sheet = Document.objects.get(identifier="month-later")
    release = sheet.course.current
    page, route = store.page(release, "month-later", "en"), store.outline(release, "en")
    return course_outcomes(sheet, page, route, teams_in_figures(user), site_day())


def two_days_later(clock):
    clock.move_to(NOW + timedelta(days=2), tick=False)
    update_statistics()


def test_the_figures_of_a_team_are_about_five_people_two_days_later_and_about_ten_next(team, clock):
    seen(team, *[{"seen-off": place} for place in (0, 0, 2, 0, 1)])
    seen(team, *[{"seen-off": 0}] * 4)
    assert shown_to(team.manager).teams == []
    two_days_later(clock)
    found = shown_to(team.manager)
    assert found.teams == [("Night shift", 5)]
    [off, cup, lacking] = found.questions
    assert [(answer, [share.words for share in shares]) for answer, shares in off.answers] == [
        ("Yes", ["3 of 5"]),
        ("At times", ["1 of 5"]),
        ("No", ["1 of 5"]),
    ]
    assert (off.title, cup.answers, lacking.texts) == ("Is it turned off?", [], [])
    seen(team, {"seen-off": 0})
    assert shown_to(team.manager).teams == [("Night shift", 5)]
    clock.move_to(NOW + timedelta(days=4), tick=False)
    assert shown_to(team.manager).teams == [("Night shift", 10)]


def test_texts_are_shown_from_ten_people_on_in_an_order_that_tells_nothing(team, clock):
    seen(team, *[{"seen-lacking": text} for text in "dbeca"])
    two_days_later(clock)
    assert shown_to(team.manager).questions[2].texts == []
    seen(team, *[{"seen-lacking": text} for text in "ihgfj"])
    clock.move_to(NOW + timedelta(days=4), tick=False)
    assert shown_to(team.manager).questions[2].texts == [*"abcdefghij"]


def test_each_reader_sees_the_teams_that_the_board_shows_and_an_editor_all(team, clock):
    top, other = make_team("Top"), make_team("Another shift")
    team.parent = top
    team.save()
    for each in (team, other):
        seen(each, *[{"seen-off": 0}] * 5)
    seen(top, *[{"seen-off": 0}] * 4)  # which does not add up with the team below it
    two_days_later(clock)
    both = [("Another shift", 5), ("Night shift", 5)]
    for reader, teams in {
        team.manager: both[1:],
        top.manager: both[1:],
        other.manager: both[:1],
        make_hr(): both,
        make_editor(): both,
    }.items():
        assert shown_to(reader).teams == teams
    assert next(shares for _answer, shares in shown_to(make_hr()).questions[0].answers) == [Share(5, 5), Share(5, 5)]


def test_gain_and_endings_stand_beside_for_the_people_of_the_team_in_fives(team, clock):
    course = import_course(pre_check_files() | make_files(**SHEET)).course
    runs = seen(team, *[{"seen-off": 0}] * 5)
    for number, run in enumerate([*runs, completed(team), completed(make_team())]):
        sat(run, 1, points=1)
        sat(run, 2, points=3 if number else 2)
        played(run, 1, "green" if number else "red")
        played(run, 2, "green")  # the second time, which does not count
    sat(completed(team), 1, points=1)
    two_days_later(clock)
    found = shown_to(team.manager)
    assert found.gains == [Gained(90, 5)]  # 9 of the 10 points that five were missing
    assert [shares for _title, shares in found.endings] == [[Share(4, 5)]]
    assert course.current.number == 1


def sat(run, number, *, points):
    """The pre-check, or its parallel questions."""
    exam = Document.objects.get(identifier="start")
    ExamAttempt.objects.create(
        enrollment=run, exam=exam, release=run.release, revision=exam.head, number=number, points=points, max_points=3,
        started_at=NOW, submitted_at=NOW,
    )  # fmt: skip


def played(run, number, colour):
    simulation = Document.objects.get(kind=Document.Kind.SIMULATION)
    SimulationAttempt.objects.create(
        enrollment=run, simulation=simulation, release=run.release, revision=simulation.head, number=number,
        timing="off", flags=[], started_at=NOW, shown_at=NOW, finished_at=NOW, ending="calm", colour=colour, points=1,
    )  # fmt: skip


def test_the_page_says_what_it_holds_and_how_many_are_needed(client, team, clock):
    completed(team)
    assert "2 days after its managers have answered about 5 of its learners" in client.get(PAGE).text
    seen(team, *[{"seen-off": 0, "seen-lacking": "A hook."}] * 5)
    two_days_later(clock)
    client.force_login(team.manager)
    page = BeautifulSoup(client.get(PAGE).content, "html.parser")
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in page.select("table tr")]
    assert rows[:5] == [
        ["Measure", "Night shift 5 follow-ups"],
        ["Is it turned off?"],
        ["Yes", "most"],
        ["At times", "few or none"],
        ["No", "few or none"],
    ]
    assert len(page.select("blockquote")) == 0  # texts are shown from ten people on
    assert "answers are stored without names" in page.text
    board = BeautifulSoup(client.get("/team/").content, "html.parser")
    assert [link.text for link in board.select(f"a[href='{PAGE}']")] == ["Results: A month later"]


def test_answers_and_what_is_remembered_of_them_are_compared(team):
    run, *_others = seen(team, *[{"seen-off": 0}] * 6)
    assert list(follow_ups()) == []
    sheet = Document.objects.get(identifier="month-later").pk
    FollowUpAnswers.objects.filter(shown_from=None).delete()
    assert list(follow_ups()) == [f"document {sheet}: answered about 6 people, and there are answers of 5 sheets"]
    assert next(iter(follow_ups())) in list(differences())
    kept = FollowUp.objects.get(enrollment=run)
    kept.delete()
    one = FollowUpAnswers.objects.first()
    one.pk = uuid.uuid4()
    one.save()
    kept.save()
    day = one.shown_from
    assert list(follow_ups()) == [
        f"document {sheet}: 6 answers of team {team.pk} are shown from {day} on, and not 5 at a time"
    ]
