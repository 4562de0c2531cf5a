"""Who leads those who lead sees teams first: their numbers are those that stand above the board of each."""

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import Membership
from courseware.learning.status.states import State
from courseware.reporting.dashboard import subteams
from courseware.reporting.dashboard.rows import dashboard_rows_of, stuck_rows
from courseware.reporting.dashboard.totals import counts
from tests.making import (
    days,
    join,
    make_admin,
    make_auditor,
    make_course,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.reporting.dashboards import counts_on, learner_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm():
    """Two branches below a head; one of them has a team below. Somebody learns in both, the head in one of them."""
    head = make_team("Head")
    north, south = make_team("North", parent=head), make_team("South", parent=head)
    pier = make_team("Pier", parent=north)
    late = {"due_at": days(-3)}
    both = learner_of(north, "Both", **late)
    join(south, both.learner)
    learner_of(pier, "Idle", started_at=days(-20), last_active_at=days(-20), **late)
    learner_of(south, "Done", completed_at=timezone.now())
    learner_of(head, "Above them all", **late)
    join(south, head.manager)
    make_enrollment(head.manager, **late)
    staff = learner_of(north, "Staff", **late).learner
    staff.is_staff = True
    staff.save()
    left = learner_of(north, "Left", **late).learner
    left.is_active = False
    left.save()
    return {"head": head, "north": north, "south": south, "pier": pier}


def told(user, head=None, course=None):
    rows = subteams.subteam_rows(user, head, course, "en", timezone.now())
    return [(row.team.name, row.tally.total, row.done, row.late, row.stuck, row.has_subteams) for row in rows]


def test_a_row_counts_a_team_with_all_below_it_most_people_late_first(firm):
    leader = firm["head"].manager
    assert told(leader) == [
        ("North", 3, 0, 3, 1, True),
        ("South", 2, 1, 1, 0, False),
        ("Head", 5, 1, 4, 1, False),  # with who learns in no other team
    ]
    assert told(leader, firm["north"]) == [("Pier", 1, 0, 1, 1, False), ("North", 3, 0, 3, 1, False)]
    assert told(leader, firm["pier"]) == []


@pytest.mark.parametrize("role", ["leader", "leader of two", "HR", "HR who leads", "admin", "auditor"])
@pytest.mark.parametrize("is_of_course", [False, True])
def test_the_numbers_of_a_row_are_those_of_the_board_of_its_team(firm, role, is_of_course):
    course = make_course() if is_of_course else None
    user = {
        "leader": lambda: firm["head"].manager,
        "leader of two": make_user,
        "HR": make_hr,
        "HR who leads": make_hr,
        "admin": make_admin,
        "auditor": make_auditor,
    }[role]()
    for team in {"leader of two": ("pier", "south"), "HR who leads": ("north",)}.get(role, ()):
        join(firm[team], user, Membership.Role.MANAGER)
    now, heads = timezone.now(), [None]
    while heads:
        head = heads.pop()
        for row in subteams.subteam_rows(user, head, course, "en", now):
            everyone = dashboard_rows_of(user, team=row.team, course=course, at=now)
            assert row.tally == counts(everyone, now), (role, row.team)
            assert row.stuck == stuck_rows(everyone, "en", now).count()
            heads += [row.team] if row.has_subteams else []


def test_of_very_many_it_is_not_counted_who_is_stuck(firm, monkeypatch):
    monkeypatch.setattr(subteams, "SORTED_BY_NAME", 4)
    assert [stuck for *_, stuck, _leads in told(firm["head"].manager)] == [None, None, None]


def test_the_page_leads_to_the_board_of_each_number(client, firm):
    client.force_login(firm["head"].manager)
    assert client.get("/start/").url == "/"  # who has to learn learns first
    own = firm["head"].manager.enrollments.get()
    own.completed_at = timezone.now()
    own.save()  # what is kept of teams follows
    assert client.get("/start/").url == "/team/teams/"
    page = BeautifulSoup(client.get("/team/teams/").content, "html.parser")
    for link in page.select(".branch td a"):
        shown = client.get(link["href"])
        assert shown.context["page"].paginator.count == int(link.text), link["href"]
    [below] = page.select(".branch th a")
    assert "Pier" in client.get(f"/team/teams/{below['href']}").text
    overdue = counts_on(client.get(f"/team/?team={firm['north'].pk}").context)[State.OVERDUE]
    assert page.select_one(".branch .late").text == str(overdue)


def test_who_leads_a_team_without_teams_below_lands_on_the_board_and_nobody_sees_the_teams_of_others(client, firm):
    client.force_login(firm["north"].manager)  # has but one below
    assert client.get("/start/").url == "/team/"
    client.force_login(firm["south"].manager)
    assert client.get("/start/").url == "/team/"
    for query in ("", f"?team={firm['north'].pk}"):
        page = client.get(f"/team/teams/{query}")
        assert page.context["rows"] == [] and "This team has no subteams." in page.text
    client.force_login(make_user())
    assert client.get("/team/teams/").status_code == 404
