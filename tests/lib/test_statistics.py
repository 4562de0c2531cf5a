"""Disclosure control of group figures, and shares."""

from datetime import date, timedelta
from itertools import combinations

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from courseware.lib.disclosure import disclosed, shown_from
from courseware.lib.text.fractions_text import AnonymousShare, Share

FIRST = date(2026, 11, 2)


def day(number):
    return FIRST + timedelta(days=number)


def figures_of(days_of_people, today):
    """Return what is visible on a day. People are numbered in order."""
    done = sorted(enumerate(days_of_people), key=lambda person: person[1])
    return disclosed([(shown_from(day(number)), person) for person, number in done if number <= today], day(today))


# Day each person finished, within 40 days.
PEOPLE = st.lists(st.integers(0, 40), max_size=60)


@given(PEOPLE)
def test_visible_figures_differ_by_at_least_5_people(people):
    seen = {frozenset(figures_of(people, today)) for today in range(45)}
    assert all(len(one ^ other) >= 5 for one, other in combinations(seen, 2))
    assert all(len(each) % 5 == 0 for each in seen)


@given(PEOPLE)
def test_disclosed_people_keep_position(people):
    for today in range(45):
        before, after = figures_of(people, today), figures_of(people, today + 1)
        assert after[: len(before)] == before


@given(PEOPLE, st.integers(0, 45))
def test_last_2_days_do_not_change_figures(people, today):
    settled = [number for number in people if number < today - 1]
    assert len(figures_of(people, today)) == len(figures_of(settled, today)) == len(settled) // 5 * 5


def test_first_5_are_chosen_by_day():
    people = [(3, "d"), (1, "a"), (9, "f"), (2, "c"), (1, "b"), (4, "e")]
    rows = [(shown_from(day(number)), name) for number, name in people]
    assert disclosed(rows, day(30)) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("share", "words"),
    [(Share(6, 10), "6 of 10"), (Share(0, 5), "0 of 5"), (Share(19, 19), "19 of 19"), (Share(13, 20), "65%"),
     (Share(2, 30), "6%"), (Share(25, 25), "100%")],
)  # fmt: skip
def test_share_is_in_percent_from_20_people(share, words):
    assert share.words == words


def test_dots_are_shown_below_20_people():
    assert (Share(2, 5).dots, Share(19, 19).dots, Share(13, 20).dots) == (
        [True, True, False, False, False],
        [True] * 19,
        [],
    )


@pytest.mark.parametrize("people", [5, 10, 19, 20, 100])
def test_anonymous_share_hides_extremes(people):
    with override("en"):
        for few, many, words in ((people, people - 1, "most"), (0, 1, "few or none")):
            one, other = AnonymousShare(few, people), AnonymousShare(many, people)
            assert one == other
            assert (one.words, one.dots) == (words, [])
            assert (one.percent, one.short) == (other.percent, other.short)


def test_other_anonymous_shares_are_exact():
    with override("en"):
        assert AnonymousShare(3, 5).words == "3 of 5"
        assert AnonymousShare(3, 5).dots == [True, True, True, False, False]
        assert AnonymousShare(10, 20).words == AnonymousShare(10, 20).short == "50%"
        assert AnonymousShare(2, 10).short == "2/10"
