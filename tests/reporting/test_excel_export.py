"""The dashboard as an Excel file, read by an independent library."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from courseware.audit_log.models import Event
from courseware.reporting.dashboard import rows
from courseware.reporting.exports import columns
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 27, 4, 30, 15, 999, tzinfo=UTC)  # in Shanghai


def sheets(response):
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(response.streaming_content)))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def download(client, team, query=""):
    client.force_login(team.manager)
    return client.get(reverse("reporting:dashboard-xlsx") + query)


def rows_of(team, at):
    teams = dict(rows.teams_shown_to(team.manager).values_list("pk", "name"))
    return rows.rows_in_chunks(rows.dashboard_rows_of(team.manager, at=at), teams, "en", at)


def test_cells_are_numbers_and_dates_in_site_zone(team):
    times = {"due_at": datetime(2026, 11, 27, 16, tzinfo=UTC), "started_at": NOON, "last_active_at": NOON}
    learner_of(team, "Wang Ming", email="wang@example.com", **times)
    with columns.dashboard_workbook(rows_of(team, NOON), [], "en") as file:
        heading, row = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    cells = {name: cell for name, cell in zip(heading, row, strict=True) if cell != ""}
    assert cells == {
        "Name": "Wang Ming",
        "Email address": "wang@example.com",
        "Team": "Night shift",
        "Course": "Rules of the tea room",
        "Job role": "not chosen",
        "Status": "due soon",
        "Progress (%)": 0.0,
        "Done": 0.0,
        "Total steps": 2.0,
        "Due date": date(2026, 11, 27),
        "Last active": datetime(2026, 11, 27, 12, 30, 15),
        "Next step": "Boiling water",
        "Course id": "tea-room",
    }


def test_second_sheet_describes_filters_and_release(client, team):
    learner_of(team, "Wang Ming")
    learner_of(team, "Late", due_at=timezone.now() - timedelta(days=3))
    people, about = sheets(download(client, team, "?state=not-started&name=wang")).values()
    assert [row[0] for row in people] == ["Name", "Wang Ming"]
    event = Event.objects.get(verb="dashboard-exported")
    assert (event.actor_id, event.data) == (team.manager.pk, {"state": "not-started", "team": None, "rows": 1})
    facts = [(what, words) for what, words, *_rest in about]
    assert facts[0][1].endswith("(Asia/Shanghai)")
    assert facts[1:6] == [
        ("Downloaded by", team.manager.name),
        ("Shown", "1 row"),
        ("Filter", "Status: not started"),
        ("Filter", "Name, email or staff number: wang"),
        ("Course", f"Rules of the tea room, course release 1 of {timezone.localdate():%-d %B %Y}"),
    ]
    names = dict(facts[facts.index(("Columns and their technical names", "")) + 1 :])
    assert (names["Name"], names["Due date"], names["Course id"]) == ("name", "due_on", "course")


def test_formulas_and_links_are_exported_as_text(client, team):
    for name in ('=HYPERLINK("http://evil.example")', "http://evil.example"):
        learner_of(team, name)
    cells = {row[0] for row in sheets(download(client, team))["People"][1:]}
    assert cells == {'\'=HYPERLINK("http://evil.example")', "http://evil.example"}


def test_too_many_rows_are_refused_with_filters_kept(client, team, monkeypatch):
    monkeypatch.setattr(columns, "ROWS_OF_A_WORKBOOK", 1)
    for name in ("One", "Two"):
        learner_of(team, name)
    response = download(client, team, "?state=not-started")
    assert response.url == f"{reverse('reporting:dashboard')}?state=not-started"
    assert not Event.objects.filter(verb="dashboard-exported").exists()
    page = client.get(response.url).content.decode()
    assert (
        "An Excel file holds up to 1 rows, but your list has 2 rows. Download the CSV file, which holds all rows."
        in page
    )


def test_csv_has_technical_headings_if_requested(client, team):
    first = b"".join(client.get(reverse("reporting:dashboard-csv") + "?headings=names").streaming_content).decode(
        "utf-8-sig"
    )
    assert first.splitlines()[0].startswith('"name","email","team","course_title","state","progress_percent"')
