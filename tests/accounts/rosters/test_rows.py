"""Rows of a list come back from the database as they were stored."""

import json

from courseware.accounts.rosters.roster import CellFault, RosterRow


def stored_and_read(row):
    return RosterRow.from_json(json.loads(json.dumps(row.as_json())))


def test_a_row_is_read_as_it_was_stored():
    moved = RosterRow(3, "move", "Li Na", 7, {"email": None}, {"email": "li@example.com"}, 2, "learner", [1], ["Store"])
    fault = CellFault("D3", "team", "Nigth", "near-team", {"path": "Night"})
    new = RosterRow(team=-1)
    bad = RosterRow(
        3,
        "bad",
        "Li Na",
        problems=[fault],
        otherwise=moved,
        offer="Night",
        in_new_team=new,
        new_team="N",
    )
    for row in (moved, bad):
        assert stored_and_read(row) == row


def test_what_is_empty_is_not_stored():
    assert RosterRow(0, "leave", "Li Na", 7).as_json() == {"kind": "leave", "name": "Li Na", "person": 7}
    assert RosterRow(2, to={"leaves_on": None}).as_json() == {"line": 2, "to": {"leaves_on": None}}
