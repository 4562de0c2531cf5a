from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from bs4 import BeautifulSoup

from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning import enrolling
from courseware.lib.dates import due_instant
from tests.making import days, make_team
from tests.reporting.boards import counts_on, exported, learner_of, table
from tests.world import complete_course, finish_lesson, outline_of

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_board_shows_the_team_the_most_urgent_first(client, team):
    with time_machine.travel(datetime(2026, 11, 25, 8, tzinfo=UTC), tick=False):
        learner_of(team, "Late", due_at=due_instant(date(2026, 11, 22), SHANGHAI))
        soon = learner_of(team, "Soon", due_at=due_instant(date(2026, 11, 27), SHANGHAI))
        finish_lesson(soon, outline_of(soon.course).step("boiling"))
        client.force_login(team.manager)
        response = client.get("/team/")
    assert table(response) == [
        ["Late", "3 days overdue", "0/2", "due 22 November", "–", "Boiling water"],
        ["Soon", "due soon", "1/2", "due 27 November", "25 November", "The last cup: open to take"],
    ]
    assert "Wednesday 25 November" in response.text


def test_every_state_has_its_number_above_the_board_and_nobody_excused_is_not_said(client, team):
    def numbers():
        page = BeautifulSoup(client.get("/team/").content, "html.parser")
        return [box.get_text(" ", strip=True) for box in page.select("ul.sum li")]

    shown = ["1 person", "1 overdue", "0 due soon", "0 not started", "0 in progress", "0 completed"]
    learner_of(team, "Late", due_at=days(-3))
    assert numbers() == shown
    enrolling.waive(learner_of(team, "Away"), "moved", by=None)
    assert numbers() == ["2 people", *shown[1:], "1 waived"]


def test_with_several_teams_each_row_names_its_own(client, team):
    below = make_team("Late shift", parent=team)
    learner_of(below, "Lea")
    assert table(client.get("/team/"))[0][0] == "Lea Late shift"


def test_the_file_says_what_the_screen_says(client, team):
    learner_of(team, "Late", due_at=days(-3))
    half = learner_of(team, "Half", due_at=days(30))
    finish_lesson(half, outline_of(half.course).step("boiling"))
    complete_course(learner_of(team, "Whole"))
    enrolling.waive(learner_of(team, "Away"), "moved", by=None)
    on_screen = client.get("/team/").context["rows"]
    columns = ("Name", "Team", "State", "Progress (%)", "Done", "Of", "Due on", "Next step")
    assert [[row[column] for column in columns] for row in exported(client)] == [
        [
            row.name, row.team, row.state.label, str(row.journey.progress.percent),
            str(row.journey.progress.done_count), str(row.journey.progress.total), str(row.enrollment.due_on or ""),
            row.journey.next_act.words,
        ]
        for row in on_screen
    ]  # fmt: skip
    shown = table(client.get("/team/"))
    assert [row["Name"] for row in exported(client)] == [cells[0] for cells in shown]
    assert [f"{row['Done']}/{row['Of']}" for row in exported(client)] == [cells[2] for cells in shown]
    assert [row["Next step"] or "–" for row in exported(client)] == [cells[5] for cells in shown]


def test_filters_stay_in_the_address_of_every_page_and_of_the_file(client, team, monkeypatch):
    monkeypatch.setattr("courseware.reporting.views.board.ROWS_A_PAGE", 2)
    below = make_team("Late shift", parent=team)
    for number in range(3):
        learner_of(below, f"Lea {number}", due_at=days(-1))
    learner_of(team, "Lea elsewhere", due_at=days(-1))
    query = f"?state=overdue&team={below.pk}&name=Lea"
    response = client.get(f"/team/{query}")
    page = BeautifulSoup(response.content, "html.parser")
    assert [cells[0] for cells in table(response)] == ["Lea 0 Late shift", "Lea 1 Late shift"]
    links = [link["href"] for link in page.select("main a") if link["href"].startswith(("?", "/team/board.csv"))]
    assert f"{query}&page=2" in links
    assert f"/team/board.csv{query}" in links
    assert f"?state=completed&team={below.pk}&name=Lea" in links
    assert [cells[0] for cells in table(client.get(f"/team/{query}&page=2"))] == ["Lea 2 Late shift"]
    assert [row["Name"] for row in exported(client, query)] == ["Lea 0", "Lea 1", "Lea 2"]
    assert page.select_one("select[name=state] [selected]")["value"] == "overdue"
    assert page.select_one(".filters input[name=name]")["value"] == "Lea"


def test_the_counts_keep_still_while_a_state_is_chosen(client, team):
    learner_of(team, due_at=days(-1))
    learner_of(team)
    for query in ("", "?state=overdue", "?state=completed"):
        counts = counts_on(client.get(f"/team/{query}").context)
        assert {state.value: number for state, number in counts.items() if number} == {"overdue": 1, "not-started": 1}


@pytest.mark.parametrize("query", ["?state=nonsense", "?team=", "?team=x", "?page=99", "?page=x", "?name=", "?x=1"])
def test_a_filter_that_makes_no_sense_is_left_out(client, team, query):
    learner_of(team, "Lea")
    response = client.get(f"/team/{query}")
    assert [cells[0] for cells in table(response)] == ["Lea"]
    assert len(exported(client, query)) == 1


@pytest.mark.parametrize("query", ["?name=%00", "?name=" + "x" * 5000, "?team=" + "9" * 5000, "?page=" + "9" * 5000])
def test_nonsense_in_the_address_breaks_nothing(client, team, query):
    learner_of(team, "Lea")
    assert client.get(f"/team/{query}").status_code == 200


def test_the_team_of_another_is_no_filter(client, team):
    other = make_team("Other")
    learner_of(other, "Not mine")
    assert table(client.get(f"/team/?team={other.pk}")) == []
    assert "Not mine" not in client.get("/team/?name=Not").text


def test_empty_boards_say_what_will_appear(client, team):
    assert "Nobody is enrolled yet" in client.get("/team/").text
    learner_of(team)
    assert "Nobody matches" in client.get("/team/?name=zzz").text


def test_who_takes_the_file_away_is_on_record_without_names(client, team):
    learner_of(team, "Lea", due_at=days(-1))
    exported(client, "?state=overdue&name=Lea")
    event = Event.objects.get(verb="board-exported")
    assert (event.actor, event.data) == (team.manager, {"state": "overdue", "team": None, "rows": 1})
    assert verify() == []


def test_the_board_leads_to_the_results(client, team):
    learner_of(team)
    links = BeautifulSoup(client.get("/team/").content, "html.parser").select(".after a")
    assert [link["href"] for link in links] == [
        "/team/outlook/", "/team/reports/", "/team/board.csv", "/team/board.xlsx", "/people/links/",
        "/surveys/tea-room/voice/", "/team/see/tea-room/",
    ]  # fmt: skip
