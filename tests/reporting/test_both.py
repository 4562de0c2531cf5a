"""Who leads people and learns as well finds the one from the other."""

import pytest
from bs4 import BeautifulSoup

from courseware.reporting import board_rows
from tests.making import days, make_course, make_enrollment
from tests.reporting.boards import learner_of

pytestmark = pytest.mark.django_db


def strips(client, path):
    """(words, address)"""
    page = BeautifulSoup(client.get(path).content, "html.parser")
    return [(" ".join(strip.get_text(" ").split()), strip.a["href"]) for strip in page.select(".strip")]


def test_the_first_page_says_how_many_things_there_are_to_do_for_the_team_today(client, team):
    nothing = [("Your team: nothing has to be done today", "/team/")]
    assert strips(client, "/") == nothing  # also for who learns nothing
    make_enrollment(team.manager, make_course(), due_at=days(9))
    learner_of(team, due_at=days(9))
    assert strips(client, "/") == nothing
    for _person in range(2):
        learner_of(team, due_at=days(-2))  # one box reminds both
    assert strips(client, "/") == [("Your team: 1 thing to do today", "/team/today/")]
    learner_of(team, due_at=days(2))  # a reminder, and more time
    assert strips(client, "/") == [("Your team: 3 things to do today", "/team/today/")]


def test_first_page_counts_no_tasks_of_many_people(client, team, monkeypatch):
    learner_of(team, due_at=days(-2))
    monkeypatch.setattr(board_rows, "SORTED_BY_NAME", 0)
    assert strips(client, "/") == [("Your team: what to do today", "/team/today/")]
    monkeypatch.undo()
    assert strips(client, "/") == [("Your team: 1 thing to do today", "/team/today/")]
    monkeypatch.setattr(board_rows, "MANY_TEAMS", 0)
    assert strips(client, "/") == [("Your team: what to do today", "/team/today/")]


def test_who_leads_nobody_is_told_of_no_team(client, team):
    learner = learner_of(team, due_at=days(-2)).learner
    client.force_login(learner)
    assert strips(client, "/") == []


@pytest.mark.parametrize("closed", [None, "completed_at", "waived_at"])
def test_who_has_nothing_to_learn_finds_no_course_on_the_board(client, team, closed):
    if closed:
        make_enrollment(team.manager, make_course(), **{closed: days(0)})
    learner_of(team)
    assert strips(client, "/team/") == []


def test_the_board_names_the_own_course_and_its_due_day_also_where_it_is_begun_anew(client, team):
    course = make_course()
    make_enrollment(team.manager, course, completed_at=days(-400))
    make_enrollment(team.manager, course, due_at=days(-2))
    [(words, address)] = strips(client, "/team/")
    assert words.startswith("Your own course: Rules of the tea room overdue was due ")
    assert address == "/"
