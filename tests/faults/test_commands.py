"""Imports and migrations that are killed or fail half-way (F13, F14)."""

import os
import signal

import pytest

from tests.browser.courses import POURING
from tests.course_format.samples import FOLLOW_UP, make_files
from tests.faults.sites import wait_until
from tests.patience import PATIENCE

LESSON = "01-water/01-boiling.en.md"


@pytest.fixture
def folder(tmp_path):
    """The course as it was imported, except for one sentence."""
    for path, body in make_files(**POURING, **FOLLOW_UP).items():
        file = tmp_path / "courses" / "tea-room" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body.replace(b"The kettle is empty", b"There is no water") if path == LESSON else body)
    return tmp_path / "courses"


@pytest.mark.parametrize(
    "moment",
    [
        "courseware.content.releases.course_import.add_revisions",
        "courseware.content.releases.course_import.release",
        "courseware.content.releases.course_import.record",
    ],
)
def test_killed_import_writes_nothing(moment, site, folder):
    before = site.content()
    site.pause_file.touch()
    importing = site.start("-m", "tests.faults.manage", "import_content", str(folder), PAUSE_IN=moment)
    wait_until(lambda: site.pause_file.with_suffix(".pid").exists(), f"the import did not come to {moment}")
    os.kill(importing.pid, signal.SIGKILL)
    importing.communicate(timeout=PATIENCE)
    site.pause_file.unlink()
    assert site.content() == before
    assert site.manage("import_content", str(folder)) == (0, "tea-room: release 2: 0 added, 1 changed, 0 removed\n")
    assert site.manage("import_content", str(folder)) == (0, "tea-room: unchanged\n")


def test_import_changes_no_learner_records(site, folder):
    records = ("learning_", "assessment_")
    before = {table: rows for table, rows in site.content().items() if table.startswith(records)}
    site.manage("import_content", str(folder))
    assert {table: rows for table, rows in site.content().items() if table.startswith(records)} == before


@pytest.mark.parametrize("how", ["raising", "being killed"])
def test_failed_migration_changes_nothing(how, site):
    before = site.content()
    status, _printed = site.manage("migrate", "failing", WITH_FAILING_APP="1", FAIL_BY=how)
    assert status != 0
    assert site.content() == before
    with site.served() as visitor:
        assert visitor.sign_in(site.told).get("/").status == 200
    status, printed = site.manage("migrate", "failing", WITH_FAILING_APP="1")
    assert status == 0, printed
    assert site.rows("SELECT DISTINCT half_way FROM learning_enrollment") == [("filled",)]
