"""The dashboard of a manager of few teams uses its own queries and shows the same."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import Membership
from courseware.accounts.teams.deputies import add_deputy
from courseware.content.models import Course
from courseware.learning.enrollments import enrollment
from courseware.reporting.dashboard import rows, totals
from tests.examples import only_deep
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
from tests.reporting.dashboards import counts_on, learner_of, table

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def company():
    """Teams above, below and beside with people in every state, and people whom no dashboard counts."""
    make_course()
    top, beside = make_team("Top"), make_team("Beside")
    below = make_team("Below", parent=top)
    for team in (top, below, beside):
        join(team, team.manager)
        make_enrollment(team.manager)
        learner_of(team, f"Late in {team}", due_at=days(-3))
        learner_of(team, f"Also late in {team}", due_at=days(-3))
        learner_of(team, f"Soon in {team}", due_at=days(1))
        learner_of(team, f"Begun in {team}", started_at=days(-1))
        enrollment.exempt(learner_of(team, f"Excused in {team}"), "moved", by=None)
        again = learner_of(team, f"Again in {team}", completed_at=days(-400))
        make_enrollment(again.learner, again.course, due_at=days(9))
        former = learner_of(team, f"Gone from {team}").learner
        former.is_active = False
        former.save()
    join(beside, rows.dashboard_rows_of(below.manager).first().learner)  # in two teams
    make_enrollment(make_user("Without a team"))
    return {"top": top, "below": below, "beside": beside}


def viewers(company):
    """Viewers with an own dashboard, and viewers without."""
    of_two = make_user("Of two")
    for team in (company["below"], company["beside"]):
        join(team, of_two, Membership.Role.MANAGER)
    deputy = make_user("Instead")
    today = timezone.localdate()
    add_deputy(company["beside"].manager, deputy, first_day=today, last_day=today + timedelta(days=2), by=make_admin())
    join(company["below"], deputy, Membership.Role.MANAGER)
    editor = make_editor()
    join(company["top"], editor, Membership.Role.MANAGER)
    managing_hr, managing_auditor = make_hr(), make_auditor()
    for person in (managing_hr, managing_auditor):
        join(company["below"], person, Membership.Role.MANAGER)
    own = [*(team.manager for team in company.values()), of_two, deputy, editor]
    return own, [make_admin(), make_hr(), make_auditor(), managing_hr, managing_auditor]


@pytest.mark.parametrize("state", ["", "overdue", only_deep("not-started")])
def test_page_shows_same_rows_and_totals_for_everyone(client, company, state):
    for person in [each for group in viewers(company) for each in group]:
        client.force_login(person)
        context = client.get(f"/team/?state={state}").context
        everyone = rows.dashboard_rows_of(person, at=timezone.now())
        found = everyone.in_state(rows.State(state)) if state else everyone
        assert counts_on(context) == totals.counts(everyone, timezone.now()).states, person
        assert [row.enrollment for row in context["rows"]] == list(found)[: totals.ROWS_A_PAGE], person
        assert len(context["rows"]) > 0


def test_managers_of_few_teams_have_own_dashboard(company):
    own, others = viewers(company)
    teams = [("1", "Team")]
    assert [totals.is_own_dashboard(person, teams, {}) for person in own] == [True] * len(own)
    assert [totals.is_own_dashboard(person, teams, {}) for person in others] == [False] * len(others)
    manager = company["top"].manager
    assert totals.is_own_dashboard(manager, teams * rows.MANY_TEAMS, {"state": "overdue"})
    assert not totals.is_own_dashboard(manager, teams * (rows.MANY_TEAMS + 1), {})
    for chosen in ({"name": "Lea"}, {"team": company["below"]}, {"left": True}):
        assert not totals.is_own_dashboard(manager, teams, chosen)


def test_unpublished_course_is_on_no_dashboard(client, company):
    client.force_login(company["below"].manager)
    Course.objects.update(current=None)
    response = client.get("/team/")
    assert (table(response), sum(counts_on(response.context).values())) == ([], 0)


def test_pages_cover_all_rows_in_order(client, company, monkeypatch):
    monkeypatch.setattr("courseware.reporting.views.dashboard.ROWS_A_PAGE", 4)
    manager = company["top"].manager
    client.force_login(manager)
    pages = [client.get(f"/team/?page={number}") for number in (1, 2, 3, 4)]
    keys = [row.enrollment.pk for page in pages for row in page.context["rows"]]
    assert keys == [each.pk for each in rows.dashboard_rows_of(manager)]
    caption = BeautifulSoup(pages[3].content, "html.parser").caption
    assert f"13–{len(keys)} of {len(keys)}" in caption.get_text(" ")


def test_overdue_is_computed_at_each_visit(client, company, time_machine):
    manager = company["below"].manager
    client.force_login(manager)
    before = counts_on(client.get("/team/").context)
    time_machine.move_to(timezone.now() + timedelta(days=2), tick=False)
    client.force_login(manager)
    after = counts_on(client.get("/team/").context)
    assert after[rows.State.OVERDUE] == before[rows.State.OVERDUE] + 1
