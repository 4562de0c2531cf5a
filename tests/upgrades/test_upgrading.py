"""Databases that earlier versions left behind are brought here by the one command, and every page opens as before.

How a state is kept: CONTRIBUTING.md, "A release".
"""

import json
import os
from pathlib import Path

import pytest

from tests.faults.sites import Site, new_postgres

STATES = sorted(Path(__file__).parent.glob("*.json"))
SERVER = os.environ.get("DATABASE_URL", "")
# A state takes most of a minute, and each version adds one.
pytestmark = [pytest.mark.faults, pytest.mark.minutes, pytest.mark.postgres_in_deep]


def empty_site(folder):
    is_postgres = SERVER.startswith("postgres")
    return Site(folder, new_postgres(SERVER) if is_postgres else f"sqlite:///{folder / 'courseware.sqlite3'}")


@pytest.mark.parametrize("state", STATES, ids=lambda file: file.stem)
def test_after_the_upgrade_every_page_opens_old_attempts_show_what_was_asked_and_forms_of_before_are_answered(
    state, tmp_path
):
    status, printed = empty_site(tmp_path).run("-m", "tests.upgrades.walk", str(state))
    assert status == 0, printed
    assert json.loads(printed.splitlines()[-1]) == {
        "upgrade": "done",
        "failed": [],
        "lacking": [],
        "refused": [],
        "lost": [],
        "check_records": "0 differences",
        "verify_evidence": "Evidence holds",
    }


def test_at_most_eight_states_are_kept():
    assert 1 < len(STATES) <= 8
