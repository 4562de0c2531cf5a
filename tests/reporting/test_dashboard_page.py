from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.utils import translation

from courseware.accounts.models import Membership
from courseware.audit_log.models import Event
from courseware.audit_log.verify import verify
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.enrollments import enrollment
from courseware.learning.manager_actions import FOR_MANY
from courseware.learning.models import Enrollment
from courseware.learning.status.certification_status import CertificationStatus
from courseware.learning.status.headcounts import tally
from courseware.learning.status.states import State
from courseware.lib.dates import due_instant, site_day
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.totals import tiles_of
from tests.making import days, join, make_auditor, make_hr, make_team, make_user
from tests.reporting.dashboards import counts_on, exported, learner_of, table
from tests.world import complete_course, finish_lesson, outline_of

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_dashboard_shows_most_urgent_rows_first(client, team):
    with time_machine.travel(datetime(2026, 11, 25, 8, tzinfo=UTC), tick=False):
        learner_of(team, "Late", due_at=due_instant(date(2026, 11, 22), SHANGHAI))
        soon = learner_of(team, "Soon", due_at=due_instant(date(2026, 11, 27), SHANGHAI))
        finish_lesson(soon, outline_of(soon.course).step("boiling"))
        client.force_login(team.manager)
        response = client.get("/team/")
    assert table(response) == [
        ["Late", "3 days overdue", "0/2", "due 22 November", "–", "Boiling water"],
        ["Soon", "due soon", "1/2", "due 27 November", "25 November", "The last cup: can be started now"],
    ]
    assert "Wednesday 25 November" in response.text


def test_tiles_show_each_status_and_exempt_only_if_any(client, team):
    def numbers():
        page = BeautifulSoup(client.get("/team/").content, "html.parser")
        return [box.get_text(" ", strip=True) for box in page.select("ul.sum li")]

    shown = ["1 person", "1 overdue", "0 due soon", "0 not started", "0 in progress", "0 completed"]
    learner_of(team, "Late", due_at=days(-3))
    assert numbers() == shown
    enrollment.exempt(learner_of(team, "Away"), "moved", by=None)
    assert numbers() == ["2 people", *shown[1:], "1 exempt"]


@pytest.mark.slow
def test_csv_export_matches_page(client, team):
    learner_of(team, "Late", due_at=days(-3))
    half = learner_of(team, "Half", due_at=days(30))
    finish_lesson(half, outline_of(half.course).step("boiling"))
    complete_course(learner_of(team, "Whole"))
    enrollment.exempt(learner_of(team, "Away"), "moved", by=None)
    on_screen = client.get("/team/").context["rows"]
    columns = ("Name", "Team", "Status", "Progress (%)", "Done", "Total steps", "Due date", "Next step")
    assert [[row[column] for column in columns] for row in exported(client)] == [
        [
            row.name, row.team, row.state.label, str(row.journey.progress.percent),
            str(row.journey.progress.done_count), str(row.journey.progress.total), str(row.enrollment.due_on or ""),
            row.journey.next_action.words,
        ]
        for row in on_screen
    ]  # fmt: skip
    shown = table(client.get("/team/"))
    assert [row["Name"] for row in exported(client)] == [cells[0] for cells in shown]
    assert [f"{row['Done']}/{row['Total steps']}" for row in exported(client)] == [cells[2] for cells in shown]
    assert [row["Next step"] or "–" for row in exported(client)] == [cells[5] for cells in shown]


def test_filters_stay_in_page_and_export_links(client, team, monkeypatch):
    monkeypatch.setattr("courseware.reporting.views.dashboard.ROWS_A_PAGE", 2)
    below = make_team("Late shift", parent=team)
    for number in range(3):
        learner_of(below, f"Lea {number}", due_at=days(-1))
    learner_of(team, "Lea elsewhere", due_at=days(-1))
    query = f"?state=overdue&team={below.pk}&name=Lea"
    response = client.get(f"/team/{query}")
    page = BeautifulSoup(response.content, "html.parser")
    assert [cells[0] for cells in table(response)] == ["Lea 0 Late shift", "Lea 1 Late shift"]
    links = [link["href"] for link in page.select("main a") if link["href"].startswith(("?", "/team/dashboard.csv"))]
    assert f"{query}&page=2" in links
    assert f"/team/dashboard.csv{query}" in links
    assert f"?state=completed&team={below.pk}&name=Lea" in links
    assert [cells[0] for cells in table(client.get(f"/team/{query}&page=2"))] == ["Lea 2 Late shift"]
    assert [row["Name"] for row in exported(client, query)] == ["Lea 0", "Lea 1", "Lea 2"]
    assert page.select_one("select[name=state] [selected]")["value"] == "overdue"
    assert page.select_one(".filters input[name=name]")["value"] == "Lea"


NONSENSE = [
    "?state=nonsense", "?team=", "?team=x", "?page=99", "?page=x", "?name=", "?x=1", "?course=nothing", "?course=%00",
    "?name=%00", "?name=" + "x" * 5000, "?team=" + "9" * 5000, "?page=" + "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_invalid_filter_is_ignored(client, team, query):
    learner_of(team, "Lea")
    response = client.get(f"/team/{query}")
    assert [cells[0] for cells in table(response)] == ["Lea"]
    assert len(exported(client, query)) == 1


@pytest.mark.slow
def test_team_of_another_manager_shows_nothing(client, team):
    other = make_team("Other")
    learner_of(other, "Not mine")
    learner_of(team, "Lea")
    for key in (other.pk, 1_000, 123_456_789):
        assert table(client.get(f"/team/?team={key}")) == []
    assert "Not mine" not in client.get("/team/?name=Not").text


def test_empty_dashboard_explains_what_will_appear(client, team):
    assert "Nobody is enrolled yet" in client.get("/team/").text
    learner_of(team)
    assert "Nobody matches" in client.get("/team/?name=zzz").text


def test_export_is_logged_without_names(client, team):
    learner_of(team, "Lea", due_at=days(-1))
    exported(client, "?state=overdue&name=Lea")
    event = Event.objects.get(verb="dashboard-exported")
    assert (event.actor, event.data) == (team.manager, {"state": "overdue", "team": None, "rows": 1})
    assert verify() == []


# Actions for a whole team; absences


DAY = timedelta(days=1)


@pytest.fixture
def two_learners(team):
    for name in ("Ann", "Bob"):
        learner_of(team, name, due_at=days(3))


def offered(client, user, address="/team/"):
    """(team id, actions) that the page offers for everyone in a team; None for nothing."""
    client.force_login(user)
    page = BeautifulSoup(client.get(address).content, "html.parser")
    if not (key := page.select_one("main form > input[type=hidden][name=team]")):
        return None
    assert "For everyone in" in key.parent.text
    return int(key["value"]), [button["formaction"].split("/")[-2] for button in key.parent.select("button")]


def test_manager_of_one_team_can_change_whole_team(client, team, two_learners):
    key, addresses = offered(client, team.manager)
    assert (key, addresses) == (team.pk, ["remind", *(action.address for action in FOR_MANY), "note"])
    page = client.get("/people/actions/exempt/", {"team": key}).content.decode()
    assert "This change is for 2 people: Ann, Bob" in page
    client.post("/people/actions/exempt/", {"team": key, "reason": "flood"})
    assert not Enrollment.objects.open().exists()


def test_manager_of_several_teams_changes_filtered_team(client, team, two_learners):
    other = make_team("Day shift", manager=make_user())
    join(other, team.manager, Membership.Role.MANAGER)
    assert offered(client, team.manager) is None
    assert offered(client, team.manager, f"/team/?team={other.pk}")[0] == other.pk
    assert offered(client, make_hr(language="en"), f"/team/?team={team.pk}&name=Ann")[0] == team.pk


def test_bulk_actions_need_no_enrollment_and_exclude_auditors(client, team, two_learners):
    Enrollment.objects.all().delete()
    assert offered(client, team.manager)[0] == team.pk
    assert offered(client, make_auditor(), f"/team/?team={team.pk}") is None


def absent_now(person, first=0, last=2):
    record_absence(person, site_day() + first * DAY, site_day() + last * DAY, by=None)


def names_and_total(client, address):
    response = client.get(address)
    return [row.name for row in response.context["rows"]], sum(counts_on(response.context).values())


def test_absence_filter_shows_people_absent_now(client, team, two_learners):
    ann, bob = team.people.filter(memberships__role="learner").order_by("name")
    absent_now(ann)
    absent_now(bob, first=3, last=5)  # to come
    assert names_and_total(client, "/team/?away=on") == (["Ann"], 1)
    assert names_and_total(client, "/team/")[1] == 2
    assert names_and_total(client, "/team/?away=on&name=Bob") == ([], 0)
    assert [row["Name"] for row in exported(client, "?away=on")] == ["Ann"]
    assert Event.objects.get(verb="dashboard-exported").data["away"] is True


def test_headcount_totals_respect_absence_filter(client, team, two_learners, monkeypatch):
    monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 0)
    absent_now(team.people.get(name="Ann"))
    client.force_login(make_hr())
    assert names_and_total(client, "/team/?away=on") == (["Ann"], 1)


# Lines on tiles


def lines(*rows):
    with translation.override("en"):
        return {tile.state.value: tile.lines for tile in tiles_of(tally(rows)) if tile.lines}


def test_open_tiles_mention_certification_status():
    assert lines(
        (State.OVERDUE, CertificationStatus.CERTIFIED, 2),
        (State.OVERDUE, CertificationStatus.ENDING, 1),
        (State.IN_PROGRESS, CertificationStatus.ENDED, 4),
        (State.NOT_STARTED, CertificationStatus.NEVER, 5),
    ) == {
        "overdue": ["still certified: 3", "certificate expires within 60 days: 1"],
        "in-progress": ["no longer certified: 4"],
    }


def test_closed_tiles_mention_expiring_certificates_only():
    ending = [(state, CertificationStatus.ENDING, 1) for state in (State.RENEWING, State.COMPLETED, State.EXEMPT)]
    assert lines(*ending, (State.COMPLETED, CertificationStatus.CERTIFIED, 7)) == {
        "renewing": ["certificate expires within 60 days: 1"],
        "completed": ["certificate expires within 60 days: 1"],
    }


def test_due_soon_tile_states_days_if_not_empty():
    assert lines((State.DUE_SOON, CertificationStatus.NEVER, 1)) == {"due-soon": ["within 3 days"]}
    assert lines((State.OVERDUE, CertificationStatus.NEVER, 1)) == {}


def test_tiles_have_no_numbers_above_row_limit():
    assert [(tile.number, tile.lines, tile.is_shown) for tile in tiles_of(None)] == [(None, [], True)] * len(State)
    shown = [tile.state for tile in tiles_of(tally([])) if tile.is_shown]
    assert shown == [State.OVERDUE, State.DUE_SOON, State.NOT_STARTED, State.IN_PROGRESS, State.COMPLETED]
