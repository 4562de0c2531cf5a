"""Former people: absent from dashboards, totals and exports unless requested."""

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.people import offboarding
from courseware.audit_log.models import Event
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard import totals
from tests.making import days, join, make_admin, make_course, make_editor, make_enrollment, make_hr, make_team
from tests.reporting.dashboards import counts_on, exported, learner_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    """A current learner and a former, late one."""
    make_course()
    team = make_team("Night shift")
    for name, due in (("Here", 9), ("Gone", -9)):
        learner_of(team, name, due_at=days(due))
    offboarding.leave(User.objects.get(name="Gone"), by=None)
    return team


VIEWERS = {
    "the manager": lambda team: team.manager,
    "human resources": lambda team: make_hr(),
    "an admin": lambda team: make_admin(),
}


def shown(client, query=""):
    """(name, marked as left, has a checkbox) of each row, and the totals by state."""
    response = client.get(f"/team/{query}")
    found = BeautifulSoup(response.content, "html.parser").select(".board tbody tr")
    rows = [
        (row.select_one("th a").text, "left" in row.select_one(".state").stripped_strings, bool(row.select("input")))
        for row in found
    ]
    counts = {state.value: number for state, number in counts_on(response.context).items() if number}
    return rows, counts, response.context["page"].paginator.count


WITHOUT = [("Here", False, True)], {"not-started": 1}, 1
WITH = [("Gone", True, False), ("Here", False, True)], {"overdue": 1, "not-started": 1}, 2


@pytest.mark.slow
@pytest.mark.parametrize("viewer", VIEWERS.values(), ids=VIEWERS)
@pytest.mark.parametrize("is_kept", [False, True])
def test_former_people_are_on_dashboard_only_if_requested(client, team, viewer, is_kept, monkeypatch):
    if is_kept:
        monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 0)
    client.force_login(viewer(team))
    assert shown(client) == WITHOUT
    assert shown(client, "?left=on") == WITH
    assert shown(client, "?left=on&state=overdue") == (WITH[0][:1], WITH[1], 1)
    assert shown(client, "?name=Gone") == ([], {}, 0)
    assert shown(client, f"?left=on&team={team.pk}") == WITH


@pytest.mark.parametrize("viewer", VIEWERS.values(), ids=VIEWERS)
def test_former_people_are_exported_only_if_requested(client, team, viewer):
    client.force_login(viewer(team))
    assert [(row["Name"], row["Left the company"]) for row in exported(client)] == [("Here", "")]
    assert [(row["Name"], row["Left the company"]) for row in exported(client, "?left=on")] == [
        ("Gone", "yes"),
        ("Here", ""),
    ]
    logged = [(event.data["rows"], event.data.get("left")) for event in Event.objects.filter(verb="dashboard-exported")]
    assert sorted(logged) == [(1, None), (2, True)]


def test_page_of_former_person_shows_left_tag(client, team):
    client.force_login(team.manager)
    gone = User.objects.get(name="Gone").enrollments.get()
    page = BeautifulSoup(client.get(f"/team/people/{gone.pk}/").content, "html.parser")
    assert "left" in [tag.text for tag in page.select("main .tag")]


def test_former_staff_are_subtracted_once_from_hr_totals(team):
    for has_left in (False, True):
        editor = make_editor()
        join(team, editor)
        make_enrollment(editor)
        if has_left:
            offboarding.leave(editor, by=None)
    now, viewer = timezone.now(), make_hr()
    for chosen in (None, team):
        stored = totals.headcount_totals(viewer, chosen, None, now)
        assert stored == totals.counts(dashboard_rows.dashboard_rows_of(viewer, team=chosen, at=now), now)
        assert stored.total == 1


def test_bulk_actions_skip_former_people(client, team):
    client.force_login(team.manager)
    rows = "&".join(f"row={enrollment.pk}" for enrollment in dashboard_rows.dashboard_rows_of(team.manager, left=True))
    response = client.get(f"/people/actions/extend/?{rows}")
    assert response.context["touched"] == 1
