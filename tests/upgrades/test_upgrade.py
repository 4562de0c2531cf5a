"""A database of an earlier version, brought to this one by the one command: every page opens as before.

A state is kept for each released version from 0.3 on. Until then, a state of this version is made for the test.
How a state is kept: docs/releasing.md.
"""

import json
import os
from pathlib import Path

import pytest

from tests.faults.sites import Site, new_postgres

STATES = sorted(Path(__file__).parent.glob("v*.json"))
SERVER = os.environ.get("DATABASE_URL", "")
# A state takes most of a minute, and each version adds one.
pytestmark = [pytest.mark.faults, pytest.mark.minutes, pytest.mark.postgres_in_deep]


def empty_site(folder):
    is_postgres = SERVER.startswith("postgres")
    folder.mkdir()
    return Site(folder, new_postgres(SERVER) if is_postgres else f"sqlite:///{folder / 'courseware.sqlite3'}")


@pytest.fixture(params=[None, *STATES], ids=lambda file: file.stem if file else "this version")
def state(request, tmp_path):
    if request.param:
        return request.param
    status, printed = empty_site(tmp_path / "before").run("-m", "tests.upgrades.state", str(tmp_path / "before"))
    assert status == 0, printed
    return tmp_path / "before.json"


def test_after_the_upgrade_every_page_opens_old_attempts_show_what_was_asked_and_forms_of_before_are_answered(
    state, tmp_path
):
    status, printed = empty_site(tmp_path / "after").run("-m", "tests.upgrades.check_upgrade", str(state))
    assert status == 0, printed
    assert json.loads(printed.splitlines()[-1]) == {
        "upgrade": "done",
        "failed": [],
        "lacking": [],
        "refused": [],
        "lost": [],
        "check_records": "0 differences",
        "verify_audit_log": "The audit log is intact",
    }


def test_at_most_eight_states_are_kept():
    assert len(STATES) <= 8
