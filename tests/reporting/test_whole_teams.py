"""On the board of one team a decision on everybody in it is one press; and who is away is found by a filter."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from courseware.evidence.models import Event
from courseware.learning.models import Enrollment
from courseware.learning.postponing import mark_away
from courseware.lib.dates import site_day
from courseware.reporting import board_rows
from tests.making import days, join, make_auditor, make_course, make_enrollment, make_hr, make_team, make_user
from tests.reporting.boards import counts_on

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def team():
    make_course()
    team = make_team("Night shift", manager=make_user("Li Lin", language="en"))
    for name in ("Ann", "Bob"):
        join(team, make_enrollment(make_user(name), due_at=days(3)).learner)
    return team


def offered(client, user, address="/team/"):
    """(key of the team, ends of the addresses) that the page offers for everybody in a team; None for nothing."""
    client.force_login(user)
    page = BeautifulSoup(client.get(address).content, "html.parser")
    if not (key := page.select_one("main form > input[type=hidden][name=team]")):
        return None
    assert "With everybody in" in key.parent.text
    return int(key["value"]), [button["formaction"].split("/")[-2] for button in key.parent.select("button")]


def test_a_lead_of_one_team_decides_for_all_of_it_by_one_press(client, team):
    key, addresses = offered(client, team.manager)
    assert (key, addresses) == (team.pk, ["remind", "extend", "excuse", "time", "enroll", "note"])
    page = client.get("/people/decide/excuse/", {"team": key}).content.decode()
    assert "For 2 people: Ann, Bob" in page
    client.post("/people/decide/excuse/", {"team": key, "reason": "flood"})
    assert not Enrollment.objects.open().exists()


def test_of_several_teams_the_one_that_the_board_is_filtered_by(client, team):
    other = make_team("Day shift", manager=make_user())
    join(other, team.manager, Membership.Role.MANAGER)
    assert offered(client, team.manager) is None
    assert offered(client, team.manager, f"/team/?team={other.pk}")[0] == other.pk
    assert offered(client, make_hr(language="en"), f"/team/?team={team.pk}&name=Ann")[0] == team.pk


def test_also_where_nobody_is_enrolled_yet_and_not_for_who_audits(client, team):
    Enrollment.objects.all().delete()
    assert offered(client, team.manager)[0] == team.pk
    assert offered(client, make_auditor(), f"/team/?team={team.pk}") is None


def away_now(person, first=0, last=2):
    mark_away(person, site_day() + first * DAY, site_day() + last * DAY, by=None)


def names(client, address):
    response = client.get(address)
    return [row.name for row in response.context["rows"]], sum(counts_on(response.context).values())


def test_only_who_is_away_at_this_moment(client, team):
    ann, bob = team.people.filter(memberships__role="learner").order_by("name")
    away_now(ann)
    away_now(bob, first=3, last=5)  # to come
    client.force_login(team.manager)
    assert names(client, "/team/?away=on") == (["Ann"], 1)
    assert names(client, "/team/") == (["Ann", "Bob"], 2) or names(client, "/team/") == (["Bob", "Ann"], 2)
    assert names(client, "/team/?away=on&name=Bob") == ([], 0)
    rows = b"".join(client.get("/team/board.csv?away=on").streaming_content).decode()
    assert "Ann" in rows and "Bob" not in rows
    assert Event.objects.get(verb="board-exported").data["away"] is True


def test_the_numbers_above_a_board_of_many_teams_count_who_is_away_alone(client, team, monkeypatch):
    monkeypatch.setattr(board_rows, "MANY_TEAMS", 0)
    away_now(team.people.get(name="Ann"))
    client.force_login(make_hr())
    assert names(client, "/team/?away=on") == (["Ann"], 1)
