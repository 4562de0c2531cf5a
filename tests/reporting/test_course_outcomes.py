"""Course outcomes by team: follow-ups, improvement and endings, in steps of 5 people."""

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
from tests.course_format.samples import FOLLOW_UP, make_files
from tests.making import make_editor, make_hr, make_team

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
PAGE = "/surveys/tea-room/month-later/"
NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


def add_follow_ups(team, *answers):
    """One follow-up for each; return the enrollments."""
    enrollments = [completed(team) for _each in answers]
    for enrollment, each in zip(enrollments, answers, strict=True):
        answered(enrollment, each, by=team.manager)
    return enrollments


def outcomes(user):
    document = Document.objects.get(identifier="month-later")
    release = document.course.current
    page, outline = store.page(release, "month-later", "en"), store.outline(release, "en")
    return course_outcomes(document, page, outline, teams_in_figures(user), site_day())


def two_days_later(clock):
    clock.move_to(NOW + timedelta(days=2), tick=False)
    update_statistics()


def test_follow_up_statistics_grow_in_steps_of_5_after_2_days(team, clock):
    add_follow_ups(team, *[{"seen-off": place} for place in (0, 0, 2, 0, 1)])
    add_follow_ups(team, *[{"seen-off": 0}] * 4)
    assert outcomes(team.manager).teams == []
    two_days_later(clock)
    found = outcomes(team.manager)
    assert found.teams == [("Night shift", 5)]
    [off, cup, lacking] = found.questions
    assert [(answer, [share.words for share in shares]) for answer, shares in off.answers] == [
        ("Yes", ["3 of 5"]),
        ("At times", ["1 of 5"]),
        ("No", ["1 of 5"]),
    ]
    assert (off.title, cup.answers, lacking.texts) == ("Is it turned off?", [], [])
    add_follow_ups(team, {"seen-off": 0})
    assert outcomes(team.manager).teams == [("Night shift", 5)]
    clock.move_to(NOW + timedelta(days=4), tick=False)
    assert outcomes(team.manager).teams == [("Night shift", 10)]


def test_texts_are_shown_sorted_from_10_people(team, clock):
    add_follow_ups(team, *[{"seen-lacking": text} for text in "dbeca"])
    two_days_later(clock)
    assert outcomes(team.manager).questions[2].texts == []
    add_follow_ups(team, *[{"seen-lacking": text} for text in "ihgfj"])
    clock.move_to(NOW + timedelta(days=4), tick=False)
    assert outcomes(team.manager).questions[2].texts == [*"abcdefghij"]


def test_readers_see_their_teams_and_editors_see_all(team, clock):
    top, other = make_team("Top"), make_team("Another shift")
    team.parent = top
    team.save()
    for each in (team, other):
        add_follow_ups(each, *[{"seen-off": 0}] * 5)
    add_follow_ups(top, *[{"seen-off": 0}] * 4)  # 4 people: not added to the team below
    two_days_later(clock)
    both = [("Another shift", 5), ("Night shift", 5)]
    for reader, teams in {
        team.manager: both[1:],
        top.manager: both[1:],
        other.manager: both[:1],
        make_hr(): both,
        make_editor(): both,
    }.items():
        assert outcomes(reader).teams == teams
    assert next(shares for _answer, shares in outcomes(make_hr()).questions[0].answers) == [Share(5, 5), Share(5, 5)]


def test_improvement_and_endings_cover_5_people(team, clock):
    course = import_course(pre_check_files() | make_files(**FOLLOW_UP)).course
    enrollments = add_follow_ups(team, *[{"seen-off": 0}] * 5)
    for number, enrollment in enumerate([*enrollments, completed(team), completed(make_team())]):
        add_exam_attempt(enrollment, 1, points=1)
        add_exam_attempt(enrollment, 2, points=3 if number else 2)
        add_simulation_attempt(enrollment, 1, "green" if number else "red")
        add_simulation_attempt(enrollment, 2, "green")  # second attempts do not count
    add_exam_attempt(completed(team), 1, points=1)
    two_days_later(clock)
    found = outcomes(team.manager)
    assert found.gains == [Gained(90, 5)]  # 9 of 10 missing points
    assert [shares for _title, shares in found.endings] == [[Share(4, 5)]]
    assert course.current.number == 1


def add_exam_attempt(enrollment, number, *, points):
    """Attempt at the pre-test (1) or the post-test (2)."""
    exam = Document.objects.get(identifier="start")
    ExamAttempt.objects.create(
        enrollment=enrollment, exam=exam, release=enrollment.release, revision=exam.latest_revision, number=number,
        points=points, max_points=3, started_at=NOW, submitted_at=NOW,
    )  # fmt: skip


def add_simulation_attempt(enrollment, number, colour):
    simulation = Document.objects.get(kind=Document.Kind.SIMULATION)
    SimulationAttempt.objects.create(
        enrollment=enrollment, simulation=simulation, release=enrollment.release, revision=simulation.latest_revision,
        number=number, timing="off", flags=[], started_at=NOW, shown_at=NOW, finished_at=NOW,
        ending="calm", colour=colour, points=1,
    )  # fmt: skip


def test_page_shows_follow_up_results_from_5_people(client, team, clock):
    completed(team)
    assert "2 days after its managers have answered the survey about 5 of its learners" in client.get(PAGE).text
    add_follow_ups(team, *[{"seen-off": 0, "seen-lacking": "A hook."}] * 5)
    two_days_later(clock)
    client.force_login(team.manager)
    page = BeautifulSoup(client.get(PAGE).content, "html.parser")
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in page.select("table tr")]
    assert rows[:5] == [
        ["Measure", "Night shift 5 follow-up surveys"],
        ["Is it turned off?"],
        ["Yes", "most"],
        ["At times", "few or none"],
        ["No", "few or none"],
    ]
    assert len(page.select("blockquote")) == 0  # texts need 10 people
    assert "the answers are stored without names" in page.text
    dashboard = BeautifulSoup(client.get("/team/").content, "html.parser")
    assert [link.text for link in dashboard.select(f"a[href='{PAGE}']")] == ["Results: A month later"]


def test_integrity_check_compares_follow_ups_with_answers(team):
    enrollment, *_others = add_follow_ups(team, *[{"seen-off": 0}] * 6)
    assert list(follow_ups()) == []
    document = Document.objects.get(identifier="month-later").pk
    FollowUpAnswers.objects.filter(shown_from=None).delete()
    assert list(follow_ups()) == [f"document {document}: answered about 6 people, but answers exist from 5 forms"]
    assert next(iter(follow_ups())) in list(differences())
    follow_up = FollowUp.objects.get(enrollment=enrollment)
    follow_up.delete()
    answers = FollowUpAnswers.objects.first()
    answers.pk = uuid.uuid4()
    answers.save()
    follow_up.save()
    day = answers.shown_from
    assert list(follow_ups()) == [
        f"document {document}: 6 answers of team {team.pk} are shown from {day} on, but not 5 at a time"
    ]
