"""A database of an earlier version is upgraded by one command: every page opens as before.

A state is stored for each released version from 0.3 on, see docs/releasing.md.
Until then, `make deep` makes a state of this version.
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


THIS_VERSION = pytest.param(None, id="this version", marks=pytest.mark.deep)


@pytest.fixture(params=[THIS_VERSION, *STATES], ids=lambda file: file.stem)
def state(request, tmp_path):
    if request.param:
        return request.param
    status, printed = empty_site(tmp_path / "before").run("-m", "tests.upgrades.state", str(tmp_path / "before"))
    assert status == 0, printed
    return tmp_path / "before.json"


def test_upgraded_state_opens_pages_and_accepts_old_forms(state, tmp_path):
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


def test_at_most_8_states_are_stored():
    assert len(STATES) <= 8
