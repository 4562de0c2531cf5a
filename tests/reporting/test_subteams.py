"""Rows of subteams: their numbers equal those of each team's dashboard."""

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

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def company():
    """Two teams below a head, one with a subteam. One person learns in both; the head learns in one."""
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


def subteam_cells(user, head=None, course=None):
    rows = subteams.subteam_rows(user, head, course, "en", timezone.now())
    return [(row.team.name, row.tally.total, row.done, row.late, row.stuck, row.has_subteams) for row in rows]


def test_row_includes_subteams_and_sorts_by_late_people(company):
    manager = company["head"].manager
    assert subteam_cells(manager) == [
        ("North", 3, 0, 3, 1, True),
        ("South", 2, 1, 1, 0, False),
        ("Head", 5, 1, 4, 1, False),  # includes people in no other team
    ]
    assert subteam_cells(manager, company["north"]) == [("Pier", 1, 0, 1, 1, False), ("North", 3, 0, 3, 1, False)]
    assert subteam_cells(manager, company["pier"]) == []


@pytest.mark.parametrize("role", ["leader", "leader of two", "HR", "HR who leads", "admin", "auditor"])
@pytest.mark.parametrize("is_of_course", [False, True])
def test_row_equals_dashboard_of_its_team(company, role, is_of_course):
    course = make_course() if is_of_course else None
    user = {
        "leader": lambda: company["head"].manager,
        "leader of two": make_user,
        "HR": make_hr,
        "HR who leads": make_hr,
        "admin": make_admin,
        "auditor": make_auditor,
    }[role]()
    for team in {"leader of two": ("pier", "south"), "HR who leads": ("north",)}.get(role, ()):
        join(company[team], user, Membership.Role.MANAGER)
    now, heads = timezone.now(), [None]
    while heads:
        head = heads.pop()
        for row in subteams.subteam_rows(user, head, course, "en", now):
            everyone = dashboard_rows_of(user, team=row.team, course=course, at=now)
            assert row.tally == counts(everyone, now), (role, row.team)
            assert row.stuck == stuck_rows(everyone, "en", now).count()
            heads += [row.team] if row.has_subteams else []


def test_stuck_people_are_not_counted_above_row_limit(company, monkeypatch):
    monkeypatch.setattr(subteams, "SORTED_BY_NAME", 4)
    assert [stuck for *_, stuck, _leads in subteam_cells(company["head"].manager)] == [None, None, None]


def test_numbers_link_to_matching_dashboards(client, company):
    client.force_login(company["head"].manager)
    assert client.get("/start/").url == "/"  # an open own course comes first
    own = company["head"].manager.enrollments.get()
    own.completed_at = timezone.now()
    own.save()  # updates the stored headcounts
    assert client.get("/start/").url == "/team/teams/"
    page = BeautifulSoup(client.get("/team/teams/").content, "html.parser")
    for link in page.select(".branch td a"):
        shown = client.get(link["href"])
        assert shown.context["page"].paginator.count == int(link.text), link["href"]
    [below] = page.select(".branch th a")
    assert "Pier" in client.get(f"/team/teams/{below['href']}").text
    overdue = counts_on(client.get(f"/team/?team={company['north'].pk}").context)[State.OVERDUE]
    assert page.select_one(".branch .late").text == str(overdue)


def test_manager_without_subteams_starts_on_dashboard(client, company):
    client.force_login(company["north"].manager)  # has 1 subteam only
    assert client.get("/start/").url == "/team/"
    client.force_login(company["south"].manager)
    assert client.get("/start/").url == "/team/"
    for query in ("", f"?team={company['north'].pk}"):
        page = client.get(f"/team/teams/{query}")
        assert page.context["rows"] == [] and "This team has no subteams." in page.text
    client.force_login(make_user())
    assert client.get("/team/teams/").status_code == 404
