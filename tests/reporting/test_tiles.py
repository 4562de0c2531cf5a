"""What stands under the number of a tile: certificates where they tell something, and nothing of nobody."""

import pytest
from django.utils import translation

from courseware.learning.headcounts import tally
from courseware.learning.states import State
from courseware.learning.validity import Validity
from courseware.reporting.board_counts import tiles_of


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def lines(*rows):
    return {tile.state.value: tile.lines for tile in tiles_of(tally(rows)) if tile.lines}


def test_under_open_states_stands_who_is_certified_still_or_no_longer():
    assert lines(
        (State.OVERDUE, Validity.CERTIFIED, 2),
        (State.OVERDUE, Validity.ENDING, 1),
        (State.IN_PROGRESS, Validity.ENDED, 4),
        (State.NOT_STARTED, Validity.NEVER, 5),
    ) == {
        "overdue": ["still certified: 3", "certificate ends within 60 days: 1"],
        "in-progress": ["no longer certified: 4"],
    }


def test_of_who_is_done_or_renews_the_certificates_that_end_alone_are_said():
    ending = [(state, Validity.ENDING, 1) for state in (State.RENEWING, State.COMPLETED, State.WAIVED)]
    assert lines(*ending, (State.COMPLETED, Validity.CERTIFIED, 7)) == {
        "renewing": ["certificate ends within 60 days: 1"],
        "completed": ["certificate ends within 60 days: 1"],
    }


def test_due_soon_says_within_how_many_days_where_somebody_is():
    assert lines((State.DUE_SOON, Validity.NEVER, 1)) == {"due-soon": ["within 3 days"]}
    assert lines((State.OVERDUE, Validity.NEVER, 1)) == {}


def test_where_rows_are_not_counted_tiles_are_shown_without_numbers():
    assert [(tile.number, tile.lines, tile.is_shown) for tile in tiles_of(None)] == [(None, [], True)] * len(State)
    shown = [tile.state for tile in tiles_of(tally([])) if tile.is_shown]
    assert shown == [State.OVERDUE, State.DUE_SOON, State.NOT_STARTED, State.IN_PROGRESS, State.COMPLETED]
