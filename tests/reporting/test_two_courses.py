"""Two courses on the dashboard: a row per person and course, people counted once."""

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.content.models import Course
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.status.headcounts import Headcount
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard import totals
from tests.course_format.samples import make_files
from tests.making import days, join, make_admin, make_course, make_enrollment, make_hr, make_team, make_user
from tests.reporting.dashboards import exported
from tests.world import complete_course

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def make_second_course():
    files = make_files()
    files["course.en.md"] = files["course.en.md"].replace(b"Rules of the tea room", b"First aid")
    return make_course({path: data.replace(b"id: tea-room", b"id: first-aid") for path, data in files.items()})


@pytest.fixture
def team():
    """Ada takes both and completed tea, Ben takes tea, Cid is exempt from first aid."""
    tea, aid = make_course(), make_second_course()
    team = make_team()
    for name, courses in {"Ada": (tea, aid), "Ben": (tea,), "Cid": (aid,)}.items():
        person = make_user(name)
        join(team, person)
        for course in courses:
            make_enrollment(person, course, due_at=days(9))
    complete_course(enrollment_of("Ada", tea))
    exempt(enrollment_of("Cid", aid), "A nurse", by=None)
    return team


def enrollment_of(name, course):
    return course.enrollments.get(learner__name=name)


def rows_of(client, query=""):
    """(name, course) of each row, and the page."""
    page = BeautifulSoup(client.get(f"/team/{query}").content, "html.parser")
    rows = page.select(".board tbody tr")
    return {(row.select_one("th a").text, "".join(row.select_one(".course") or "")) for row in rows}, page


def tiles(page):
    return [" ".join(tile.stripped_strings) for tile in page.select(".sum li")]


@pytest.mark.parametrize("is_kept", [False, True])
def test_dashboard_has_row_per_course_and_counts_people_once(client, team, is_kept, monkeypatch):
    if is_kept:
        monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 0)
    client.force_login(team.manager)
    rows, page = rows_of(client)
    assert rows == {
        ("Ada", "Rules of the tea room"), ("Ada", "First aid"), ("Ben", "Rules of the tea room"), ("Cid", "First aid"),
    }  # fmt: skip
    first, *states = tiles(page)
    assert first == "4 all 3 people, 2 courses"
    assert states == ["0 overdue", "0 due soon", "2 not started", "0 in progress", "1 completed", "1 exempt"]
    assert "Course" in [heading.text for heading in page.select(".board thead th")]


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("viewer", [lambda team: team.manager, lambda team: make_hr(), lambda team: make_admin()])
def test_course_filter_narrows_rows_totals_and_links(client, team, is_kept, viewer, monkeypatch):
    if is_kept:
        monkeypatch.setattr(dashboard_rows, "MANY_TEAMS", 0)
    client.force_login(viewer(team))
    rows, page = rows_of(client, "?course=first-aid")
    assert rows == {("Ada", ""), ("Cid", "")}  # the course name is in the filter only
    assert tiles(page)[0] == "2 people"
    assert sum(int(tile.split()[0]) for tile in tiles(page)[1:]) == 2
    chosen = page.select_one("select[name=course] option[selected]")
    assert (chosen["value"], chosen.text) == ("first-aid", "First aid")
    assert all("course=first-aid" in link["href"] for link in page.select(".sum a, .validities a, a[href*=csv]"))
    assert rows_of(client, "?course=first-aid&state=waived")[0] == {("Cid", "")}


def test_export_and_log_use_chosen_course(client, team):
    client.force_login(team.manager)
    rows = exported(client, "?course=first-aid")
    assert [(row["Name"], row["Course"], row["Course id"], row["Reason for exemption"]) for row in rows] == [
        ("Ada", "First aid", "first-aid", ""), ("Cid", "First aid", "first-aid", "A nurse"),
    ]  # fmt: skip
    (event,) = Event.objects.filter(verb="dashboard-exported")
    assert event.data == {"state": None, "team": None, "rows": 2, "course": "first-aid"}


def test_headcount_totals_match_rows_of_each_course(team):
    now = timezone.now()
    for course in Course.objects.all():
        for viewer in (team.manager, make_admin(), make_hr()):
            counted = totals.counts(dashboard_rows.dashboard_rows_of(viewer, course=course, at=now), now)
            assert totals.headcount_totals(viewer, None, course, now) == counted
            assert counted.total == 2
    assert Headcount.objects.filter(team=None).told(now).total == 4
