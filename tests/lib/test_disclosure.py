"""Nobody stands alone in figures about a group, nor in the difference between those of two days."""

from datetime import date, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from courseware.lib.disclosure import disclosed, shown_from

FIRST = date(2026, 11, 2)


def day(number):
    return FIRST + timedelta(days=number)


def figures_of(days_of_people, today):
    """What can be seen on a day: nobody has done yet what is done later. People are numbered in their order."""
    done = sorted(enumerate(days_of_people), key=lambda person: person[1])
    return disclosed([(shown_from(day(number)), person) for person, number in done if number <= today], day(today))


# Day on which each person finished, anywhere in forty days.
PEOPLE = st.lists(st.integers(0, 40), max_size=60)


@given(PEOPLE)
def test_no_two_figures_ever_seen_differ_by_fewer_than_five_people(people):
    seen = {frozenset(figures_of(people, today)) for today in range(45)}
    assert all(len(one ^ other) >= 5 for one, other in combinations(seen, 2))
    assert all(len(each) % 5 == 0 for each in seen)


@given(PEOPLE)
def test_who_was_seen_once_stays_and_keeps_the_place(people):
    for today in range(45):
        before, after = figures_of(people, today), figures_of(people, today + 1)
        assert after[: len(before)] == before


@given(PEOPLE, st.integers(0, 45))
def test_what_happens_today_or_happened_yesterday_changes_nothing_that_is_seen_today(people, today):
    settled = [number for number in people if number < today - 1]
    assert len(figures_of(people, today)) == len(figures_of(settled, today)) == len(settled) // 5 * 5


def test_the_first_five_are_the_first_by_day_whatever_the_order_they_come_in():
    people = [(3, "d"), (1, "a"), (9, "f"), (2, "c"), (1, "b"), (4, "e")]
    rows = [(shown_from(day(number)), name) for number, name in people]
    assert disclosed(rows, day(30)) == ["a", "b", "c", "d", "e"]
