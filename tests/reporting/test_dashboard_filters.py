"""Filters and sort order of the dashboard."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.models import Team
from courseware.audit_log.models import Event
from courseware.reporting.dashboard import filters, rows, totals
from courseware.reporting.dashboard.filters import DueFilter
from courseware.reporting.forms import DashboardFilter, PeriodFilter, SubteamFilter, TrendsFilter
from tests.course_format.samples import make_files
from tests.making import join, make_admin, make_course, make_enrollment, make_hr, make_team, make_user
from tests.reporting.dashboards import exported, learner_of
from tests.reporting.test_excel_export import sheets

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def now(client, team):
    with time_machine.travel(NOW, tick=False):
        client.force_login(team.manager)
        yield NOW


def names(client, query=""):
    return [row.name for row in client.get(f"/team/{query}").context["rows"]]


@pytest.mark.parametrize(
    ("days", "counted"),
    [
        ("due-7", ["soon", "seventh"]),
        ("due-14", ["soon", "seventh", "eighth"]),
        ("due-30", ["soon", "seventh", "eighth", "thirtieth"]),
        ("late-7", ["long late", "late for seven"]),
        ("late-30", ["long late"]),
    ],
)
def test_due_filter_selects_days_ahead_or_overdue(client, team, now, days, counted):
    due = {
        "soon": SECOND, "seventh": 7 * DAY, "eighth": 7 * DAY + SECOND, "thirtieth": 30 * DAY,
        "later": 30 * DAY + SECOND, "just late": timedelta(), "late for six": -6 * DAY + SECOND,
        "late for seven": -6 * DAY, "long late": -29 * DAY,
    }  # fmt: skip
    for name, after in due.items():
        learner_of(team, name, due_at=now + after)
    learner_of(team, "no day")
    for closed in ("completed_at", "exempted_at"):
        learner_of(team, closed, due_at=now + 2 * DAY, **{closed: now})
        learner_of(team, f"late, {closed}", due_at=now - 40 * DAY, **{closed: now})
    assert names(client, f"?days={days}") == counted


@pytest.mark.parametrize("few", [filters.FEW, 0])
def test_job_role_filter_prefers_role_chosen_in_course(client, team, few, monkeypatch):
    monkeypatch.setattr(filters, "FEW", few)
    for name, of_person, job_role in (
        ("chosen", "", "night"),
        ("chosen against", "day", "night"),
        ("known", "night", ""),
        ("other chosen", "night", "day"),
        ("other", "day", ""),
        ("nobody knows", "", ""),
    ):
        learner = make_user(name, job_role=of_person)
        join(team, learner)
        make_enrollment(learner, job_role=job_role)
    assert names(client, "?job_role=night") == ["chosen", "chosen against", "known"]
    assert len(names(client, "?job_role=nonsense")) == 6
    page = BeautifulSoup(client.get("/team/?job_role=night").content, "html.parser")
    assert [each.text for each in page.select("select[name=job_role] option")] == ["all", "Day shift", "Night shift"]
    assert page.select_one("select[name=job_role] [selected]")["value"] == "night"


SORTED = {
    "": ["Cid", "Bea", "Ann", "Dan"],
    "?sort=name": ["Ann", "Bea", "Cid", "Dan"],
    "?sort=team": ["Bea", "Dan", "Cid", "Ann"],
    "?sort=last-active": ["Dan", "Ann", "Cid", "Bea"],
    "?sort=nonsense": ["Cid", "Bea", "Ann", "Dan"],
}


@pytest.fixture
def four_people(team):
    early, late = make_team("A shift", parent=team), make_team("B shift", parent=team)
    people = {
        "Ann": (team, 9 * DAY, NOW - 5 * DAY),
        "Bea": (early, 8 * DAY, NOW - DAY),
        "Cid": (late, 7 * DAY, NOW - 2 * DAY),
        "Dan": (early, 10 * DAY, None),
    }
    enrollments = {
        name: learner_of(joined, name, due_at=NOW + after, last_active_at=at, started_at=at)
        for name, (joined, after, at) in people.items()
    }
    join(early, enrollments["Cid"].learner)  # in two teams: the first is shown


@pytest.mark.parametrize("query", SORTED)
def test_page_and_export_use_chosen_sort_order(client, four_people, now, query):
    assert names(client, query) == SORTED[query]
    assert [row["Name"] for row in exported(client, query)] == SORTED[query]


def test_list_above_limit_is_sorted_by_due_date(client, four_people, now, monkeypatch):
    notice = "rows, it is sorted by due date only"
    assert notice not in client.get("/team/?sort=name").text
    monkeypatch.setattr(rows, "SORTED_BY_NAME", 3)
    page = client.get("/team/?sort=name")
    assert [row.name for row in page.context["rows"]] == SORTED[""] and notice in page.text
    assert [row["Name"] for row in exported(client, "?sort=name")] == SORTED[""]
    assert "sort" not in Event.objects.filter(verb="dashboard-exported").latest("pk").data
    facts = list(sheets(client.get("/team/dashboard.xlsx?sort=name")).values())[1]
    assert ["Shown", "4 rows"] in facts and not any("Sorted" in str(cell) for row in facts for cell in row)


def test_export_logs_chosen_filters_and_order(client, team, now):
    learner_of(team, "Lea", due_at=now + DAY, job_role="night")
    query = "?days=due-7&job_role=night&sort=team"
    assert [row["Name"] for row in exported(client, query)] == ["Lea"]
    data = Event.objects.get(verb="dashboard-exported").data
    assert data == {"state": None, "team": None, "rows": 1, "days": "due-7", "job_role": "night", "sort": "team"}


@pytest.mark.slow
def test_tiles_add_up_to_total_and_link_to_rows(client, team, now):
    course = make_course()
    other = make_course({path: data.replace(b"id: tea-room", b"id: t-2") for path, data in make_files().items()})
    below = make_team("Below", parent=team)
    for number, (after, done) in enumerate(product((-8, -1, 2, 9), (False, True))):
        facts = {"due_at": now + after * DAY, "started_at": now, "job_role": "night" if number % 2 else "day"}
        joined, done_at = below if number % 3 else team, now if done else None
        enrollment = learner_of(joined, f"P{number}", course=course, **facts, completed_at=done_at)
        if number < 3:
            make_enrollment(enrollment.learner, other, **facts)
    for query in ("", "?days=late-7", "?job_role=night", f"?team={below.pk}", "?name=P1", "?sort=name", "?stuck=on"):
        page = client.get(f"/team/{query}")
        tiles = BeautifulSoup(page.content, "html.parser").select("ul.sum a")
        first, *rest = [int(tile.select_one("b").text) for tile in tiles]
        assert first == sum(rest) == page.context["total"], query
        assert len({row.enrollment.learner_id for row in page.context["rows"]}) == page.context["people"]
        for tile, number in zip(tiles, (first, *rest), strict=True):
            assert len(names(client, tile["href"])) == number, (query, tile["href"])
    assert " ".join(
        BeautifulSoup(client.get("/team/").content, "html.parser").select_one("ul.sum li").text.split()
    ) == ("11all 8 people, 2 courses")


@pytest.mark.slow
@pytest.mark.parametrize("days", DueFilter)
def test_headcount_totals_match_rows_of_each_due_filter(client, team, now, days, monkeypatch):
    for after in (-40, -9, -1, 1, 5, 10, 20, 40):
        learner_of(team, f"Due after {after}", due_at=now + after * DAY)
        learner_of(team, f"Done, after {after}", due_at=now + after * DAY, completed_at=now)
    for hidden in (team.manager, make_admin()):
        make_enrollment(hidden, due_at=now + DAY)
        join(team, hidden)
    viewers = (team.manager, make_hr(), make_admin())
    for viewer in viewers:
        counted = totals.counts(rows.dashboard_rows_of(viewer, days=days, at=now), now)
        assert totals.headcount_totals(viewer, None, None, now, days) == counted
        assert counted.total > 0
    monkeypatch.setattr(rows, "MANY_TEAMS", 0)
    monkeypatch.setattr(totals, "headcount_totals", lambda *_of: counted)
    assert client.get(f"/team/?days={days}").context["total"] == counted.total  # of the last viewer


@pytest.fixture
def night_shift(team, now):
    """Four people with one job role, two of them late."""
    for number, after in enumerate((-2, -1, 9, 8)):
        learner_of(team, f"N{number}", due_at=now + after * DAY, job_role="night")
    learner_of(team, "By day", due_at=now - 3 * DAY, job_role="day")


def captions(client, query):
    page = client.get(f"/team/{query}")
    caption = BeautifulSoup(page.content, "html.parser").select_one("#people .small")
    return [row.name for row in page.context["rows"]], caption.text, page


@pytest.mark.slow
@pytest.mark.parametrize("query", ["?job_role=night", "?name=N"])
def test_job_role_and_name_filters_limit_counted_rows(client, night_shift, monkeypatch, query):
    monkeypatch.setattr(rows, "SORTED_BY_NAME", 4)
    shown, caption, page = captions(client, query)
    assert (shown, caption, page.context["total"]) == (["N0", "N1", "N3", "N2"], "1–4 of 4", 4)
    assert "without totals per status" not in page.text
    monkeypatch.setattr(rows, "SORTED_BY_NAME", 3)
    with CaptureQueriesContext(connection) as queries:
        shown, caption, page = captions(client, query)
    assert (shown, caption) == (["N0", "N1", "N3"], "1–3 of more than 3")
    assert "The list shows the 3 most urgent rows, without totals per status." in page.text
    tiles = BeautifulSoup(page.content, "html.parser").select("ul.sum b")
    assert [tile.text for tile in tiles] == ["3+", *["–"] * (len(tiles) - 1)]
    assert not [each for each in queries if "count(" in each["sql"].lower() and "learning_enrollment" in each["sql"]]
    assert client.get(f"/team/{query}&page=2").context["page"].number == 1
    assert len(exported(client, query)) == 4
    assert Event.objects.filter(verb="dashboard-exported").latest("pk").data["rows"] == 4


def test_status_filter_within_job_role_counts_matching_rows(client, night_shift, monkeypatch):
    monkeypatch.setattr(rows, "SORTED_BY_NAME", 3)
    shown, caption, page = captions(client, "?job_role=night&state=overdue&sort=name")
    assert (shown, caption) == (["N0", "N1"], "1–2 of 2")
    assert "in all statuses together. The totals per status are not shown." in page.text
    monkeypatch.setattr(rows, "SORTED_BY_NAME", 1)
    shown, caption, _page = captions(client, "?job_role=night&state=overdue")
    assert (shown, caption) == (["N0"], "1–1 of more than 1")
    assert "Nobody matches" in client.get("/team/?job_role=night&state=waived").text


def test_forms_are_equal_only_if_they_look_the_same():
    query, teams = {"first": "2026-05", "last": "2026-03"}, Team.objects.values_list("pk", "name")
    kinds = (DashboardFilter, TrendsFilter, SubteamFilter, PeriodFilter)
    forms = [kind(data, teams=teams) for kind in kinds for data in (query, query)]
    for form in forms:
        form.show_courses([(1, "Tea"), (2, "Coffee")])
    assert [[each == other for other in forms].count(True) for each in forms] == [2] * len(forms)
    valid = PeriodFilter(query, teams=teams)
    valid.chosen()
    valid.errors.clear()
    valid.show_courses([(1, "Tea"), (2, "Coffee")])
    assert valid != forms[-1]
