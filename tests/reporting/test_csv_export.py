import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from courseware.lib.text.csv_rows import csv_bytes
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.exports.columns import texts
from tests.making import make_team
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
COLUMNS = [
    "Name", "Email address", "Team", "Course", "Status", "Progress (%)", "Done", "Total steps", "Due date",
    "Away until", "Last active",
    "Completed at", "Certified", "Pre-test", "Post-test", "Improvement (%)", "Next step",
    "Course id", "Left the company", "Certified until", "Reason for exemption", "Stuck", "Job role",
]  # fmt: skip
NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)  # in Shanghai


def exported(team, language="en", at=None):
    at = at or timezone.now()
    teams = dict(dashboard_rows.teams_shown_to(team.manager).values_list("pk", "name"))
    rows = dashboard_rows.rows_in_chunks(dashboard_rows.dashboard_rows_of(team.manager, at=at), teams, language, at)
    return b"".join(csv_bytes(texts(rows, language)))


def read(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_export_has_these_columns_in_order():
    assert read(exported(make_team())) == [COLUMNS]


def test_row_has_each_value_in_its_column():
    team = make_team("Night shift")
    times = {"due_at": NOON + timedelta(hours=12), "started_at": NOON, "last_active_at": NOON}
    learner_of(team, "王小明", email="wang@example.com", **times)
    assert read(exported(team, at=NOON))[1:] == [
        ["王小明", "wang@example.com", "Night shift", "Rules of the tea room", "due soon", "0", "0", "2", "2026-11-27",
         "", "2026-11-27T12:00:00+08:00", "", "", "", "", "", "Boiling water", "tea-room", "", "", "", "",
         "not chosen"],
    ]  # fmt: skip


def test_export_keeps_language_of_its_reader():
    team = make_team()
    learner_of(team)
    with translation.override("zh-hans"):
        assert read(exported(team, "en"))[0] == COLUMNS
        assert translation.get_language() == "zh-hans"
    chinese = read(exported(team, "zh-hans"))
    assert (chinese[1][3], chinese[1][4], chinese[1][16]) == ("茶水间守则", "未开始", "烧水")


def test_export_longer_than_a_chunk_is_complete(monkeypatch):
    monkeypatch.setattr(dashboard_rows, "CHUNK", 2)
    team = make_team()
    for number in range(5):
        learner_of(team, f"Learner {number}")
    assert [row[0] for row in read(exported(team))[1:]] == [f"Learner {number}" for number in range(5)]
