"""Who has left the firm is off boards, numbers and files, unless they are asked for; the records stay."""

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
    """One who is here, and one who has left and was late."""
    make_course()
    team = make_team("Night shift")
    for name, due in (("Here", 9), ("Gone", -9)):
        learner_of(team, name, due_at=days(due))
    offboarding.leave(User.objects.get(name="Gone"), by=None)
    return team


VIEWERS = {
    "the lead": lambda team: team.manager,
    "human resources": lambda team: make_hr(),
    "an admin": lambda team: make_admin(),
}


def shown(client, query=""):
    """(name, whether marked as left, whether there is a box to tick) of each row, and the numbers above by state."""
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


@pytest.mark.parametrize("viewer", VIEWERS.values(), ids=VIEWERS)
@pytest.mark.parametrize("is_kept", [False, True])
def test_who_left_is_on_the_board_and_among_its_numbers_only_if_asked_for(client, team, viewer, is_kept, monkeypatch):
    if is_kept:
        monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 0)
    client.force_login(viewer(team))
    assert shown(client) == WITHOUT
    assert shown(client, "?left=on") == WITH
    assert shown(client, "?left=on&state=overdue") == (WITH[0][:1], WITH[1], 1)
    assert shown(client, "?name=Gone") == ([], {}, 0)
    assert shown(client, f"?left=on&team={team.pk}") == WITH


@pytest.mark.parametrize("viewer", VIEWERS.values(), ids=VIEWERS)
def test_who_left_is_in_the_file_only_if_asked_for_and_marked_there(client, team, viewer):
    client.force_login(viewer(team))
    assert [(row["Name"], row["Left the company"]) for row in exported(client)] == [("Here", "")]
    assert [(row["Name"], row["Left the company"]) for row in exported(client, "?left=on")] == [
        ("Gone", "yes"),
        ("Here", ""),
    ]
    logged = [(event.data["rows"], event.data.get("left")) for event in Event.objects.filter(verb="dashboard-exported")]
    assert sorted(logged) == [(1, None), (2, True)]


def test_the_page_of_who_left_opens_and_says_so(client, team):
    client.force_login(team.manager)
    gone = User.objects.get(name="Gone").enrollments.get()
    page = BeautifulSoup(client.get(f"/team/people/{gone.pk}/").content, "html.parser")
    assert "left" in [tag.text for tag in page.select("main .tag")]


def test_staff_who_left_are_taken_off_the_numbers_of_human_resources_once(team):
    for is_gone in (False, True):
        editor = make_editor()
        join(team, editor)
        make_enrollment(editor)
        if is_gone:
            offboarding.leave(editor, by=None)
    now, viewer = timezone.now(), make_hr()
    for chosen in (None, team):
        kept = totals.headcount_totals(viewer, chosen, None, now)
        assert kept == totals.counts(dashboard_rows.dashboard_rows_of(viewer, team=chosen, at=now), now)
        assert kept.total == 1


def test_nothing_is_decided_about_who_left(client, team):
    client.force_login(team.manager)
    rows = "&".join(f"row={run.pk}" for run in dashboard_rows.dashboard_rows_of(team.manager, left=True))
    response = client.get(f"/people/actions/extend/?{rows}")
    assert response.context["touched"] == 1
