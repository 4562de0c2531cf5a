"""The start page after signing in, and notes about the own team and course."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import Membership
from courseware.reporting.dashboard import rows
from tests.making import (
    days,
    join,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
HOME, DASHBOARD, DOCUMENTS, ADMIN, PEOPLE = "/", "/team/", "/admin/content/document/", "/admin/", "/people/"


def managing(person):
    join(make_team(), person, Membership.Role.MANAGER)
    return person


def enrolled(person, **fields):
    make_enrollment(person, make_course(), **fields)
    return person


START_PAGES = {
    "somebody with a course": (lambda: enrolled(make_user()), HOME),
    "somebody without one": (make_user, HOME),
    "a manager": (lambda: managing(make_user()), DASHBOARD),
    "a manager who has to learn": (lambda: enrolled(managing(make_user())), HOME),
    "a manager who is done": (lambda: enrolled(managing(make_user()), completed_at=timezone.now()), DASHBOARD),
    "a manager who is exempt": (lambda: enrolled(managing(make_user()), exempted_at=timezone.now()), DASHBOARD),
    "human resources": (make_hr, PEOPLE),
    "human resources who manage a team": (lambda: managing(make_hr()), PEOPLE),
    "human resources who have to learn": (lambda: enrolled(make_hr()), HOME),
    "an auditor": (make_auditor, DASHBOARD),
    "an auditor whose last day is over": (lambda: make_auditor(audits_until=date(2020, 1, 1)), HOME),
    "an editor": (make_editor, DOCUMENTS),
    "an editor who leads a team": (lambda: managing(make_editor()), DASHBOARD),
    "an editor who has to learn": (lambda: enrolled(make_editor()), HOME),
    "an admin": (make_admin, DOCUMENTS),
    "staff without rights on texts": (lambda: make_user(is_staff=True), ADMIN),
}


@pytest.mark.parametrize(("make", "place"), START_PAGES.values(), ids=START_PAGES)
def test_people_start_where_their_work_is(make, place, client):
    client.force_login(make())
    assert client.get("/start/").url == place
    assert client.get(place).status_code == 200


# Managers who learn


def strips(client, path):
    """(words, address)"""
    page = BeautifulSoup(client.get(path).content, "html.parser")
    return [(" ".join(strip.get_text(" ").split()), strip.a["href"]) for strip in page.select(".strip")]


@pytest.mark.slow
def test_home_shows_number_of_team_tasks(client, team):
    nothing = [("Your team: nothing to do today", "/team/")]
    assert strips(client, "/") == nothing  # also without an own course
    make_enrollment(team.manager, make_course(), due_at=days(9))
    learner_of(team, due_at=days(9))
    assert strips(client, "/") == nothing
    for _person in range(2):
        learner_of(team, due_at=days(-2))  # one checkbox reminds both
    assert strips(client, "/") == [("Your team: 1 thing to do today", "/team/today/")]
    learner_of(team, due_at=days(2))  # a reminder and an extension
    assert strips(client, "/") == [("Your team: 3 things to do today", "/team/today/")]


def test_home_counts_no_tasks_above_row_limit(client, team, monkeypatch):
    learner_of(team, due_at=days(-2))
    monkeypatch.setattr(rows, "SORTED_BY_NAME", 0)
    assert strips(client, "/") == [("Your team: what to do today", "/team/today/")]
    monkeypatch.undo()
    assert strips(client, "/") == [("Your team: 1 thing to do today", "/team/today/")]
    monkeypatch.setattr(rows, "MANY_TEAMS", 0)
    assert strips(client, "/") == [("Your team: what to do today", "/team/today/")]


def test_learner_sees_no_team_on_home(client, team):
    learner = learner_of(team, due_at=days(-2)).learner
    client.force_login(learner)
    assert strips(client, "/") == []


@pytest.mark.parametrize("closed", [None, "completed_at", "exempted_at"])
def test_dashboard_shows_no_closed_own_course(client, team, closed):
    if closed:
        make_enrollment(team.manager, make_course(), **{closed: days(0)})
    learner_of(team)
    assert strips(client, "/team/") == []


def test_dashboard_shows_own_open_course_with_due_date(client, team):
    course = make_course()
    make_enrollment(team.manager, course, completed_at=days(-400))
    make_enrollment(team.manager, course, due_at=days(-2))
    [(words, address)] = strips(client, "/team/")
    assert words.startswith("Your own course: Rules of the tea room overdue was due ")
    assert address == "/"
