"""Figures about groups: five people at a time, each counted once, and kept whatever becomes of people and teams."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseware.accounts.models import Membership, Team, User
from courseware.jobs.schedule import JOBS
from courseware.reporting.statistics import nightly_update
from courseware.reporting.statistics.group_statistics import NO_TEAM, Counted, GroupStatistic, StatisticsTeam, Subject
from courseware.reporting.statistics.nightly_update import update_statistics
from tests.at_once import one_behind_the_other
from tests.examples import examples
from tests.making import join, make_course, make_editor, make_hr, make_team, make_user
from tests.site.test_chains import postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
FIRST = date(2026, 12, 1)
ABOUT = Subject("question/boiling/is-it-off", "one -x")


def day(number):
    return FIRST + timedelta(days=number)


@pytest.fixture
def course():
    return make_course()


@pytest.fixture
def answers(course, monkeypatch):
    """Who is ready from which day on; the numbers of each name the person, so that a figure tells who is in it."""
    given_by = {}

    def counted_in(_course, _route):
        yield ABOUT, [Counted(person, ready, {f"p{person}": 1}) for person, ready in given_by.items()]

    monkeypatch.setattr(nightly_update, "counted_in", counted_in)
    return given_by


def ready(answers, team, number, *, on=0):
    """So many who learn in the team, ready on that day; returns their keys."""
    people = [make_user() for _ in range(number)]
    for person in people:
        if team:
            join(team, person)
        answers[person.pk] = day(on)
    return [person.pk for person in people]


def kept():
    """Key of a team → who is in its figure, told by the numbers."""
    rows = GroupStatistic.objects.exclude(people=0)
    found = {each.team: {int(name[1:]) for name, times in each.numbers.items() for _ in range(times)} for each in rows}
    assert {each.team: each.people for each in rows} == {team: len(people) for team, people in found.items()}
    return found


def move(person, *teams):
    Membership.objects.filter(person=person, role=Membership.Role.LEARNER).delete()
    for team in teams:
        join(team, User.objects.get(pk=person))


def test_five_are_counted_with_their_team_and_the_next_only_when_they_are_five_too(answers):
    team = make_team()
    first = ready(answers, team, 4)
    update_statistics(day(0))
    assert kept() == {}
    first += ready(answers, team, 4)
    update_statistics(day(1))
    assert kept() == {team.pk: set(first[:5])}
    first += ready(answers, team, 1, on=2)
    update_statistics(day(2))
    assert kept() == {team.pk: set(first[:5])}
    first += ready(answers, team, 1, on=3)
    update_statistics(day(3))
    assert kept() == {team.pk: set(first)}


def test_a_figure_takes_one_step_a_day_however_often_it_is_asked(answers):
    team = make_team()
    first = ready(answers, team, 5)
    assert update_statistics(day(0)) == "figures: 1"
    before = list(GroupStatistic.objects.values())
    ready(answers, team, 5)
    assert update_statistics(day(0)) == ""
    assert list(GroupStatistic.objects.values()) == before
    update_statistics(day(1))
    assert len(kept()[team.pk]) == 10 and set(first) < kept()[team.pk]


def test_who_is_not_ready_is_not_counted(answers):
    team = make_team()
    ready(answers, team, 4)
    ready(answers, team, 1, on=1)
    update_statistics(day(0))
    assert kept() == {}


def test_who_moves_or_leaves_changes_no_figure_and_is_counted_nowhere_else(answers):
    team, other = make_team(), make_team()
    people = ready(answers, team, 7)
    update_statistics(day(0))
    before = kept()
    move(people[0], other)
    move(people[1])
    move(people[6], other)  # who waits, and goes on waiting with the team of the first answer
    theirs = ready(answers, other, 4)
    update_statistics(day(1))
    assert kept() == before == {team.pk: set(people[:5])}
    theirs += ready(answers, other, 1)
    update_statistics(day(2))
    assert kept() == before | {other.pk: set(theirs)}


def test_who_learns_in_two_teams_is_counted_with_the_one_joined_first(answers):
    team, other = make_team(), make_team()
    for person in ready(answers, team, 5):
        join(other, User.objects.get(pk=person))
    update_statistics(day(0))
    assert list(kept()) == [team.pk]


def test_who_has_waited_a_fortnight_is_counted_one_level_up_and_never_below_again(answers):
    top = make_team()
    one, two = make_team(parent=top), make_team(parent=top)
    few, others = ready(answers, one, 3), ready(answers, two, 3)
    update_statistics(day(13))
    assert kept() == {}
    update_statistics(day(14))
    up = {top.pk: {*few, *others[:2]}}
    assert kept() == up
    new = ready(answers, one, 5, on=15)
    update_statistics(day(15))
    assert kept() == up | {one.pk: set(new)}
    alone = ready(answers, make_team(), 4, on=0)
    update_statistics(day(28))  # the other of the second team has waited two levels up by now
    assert kept() == up | {one.pk: set(new), NO_TEAM: {others[2], *alone}}


def test_people_in_no_team_are_counted_together_and_shown_to_who_sees_the_firm(answers, course):
    team = make_team()
    ready(answers, None, 5)
    ready(answers, team, 5)
    update_statistics(day(0))

    def people(user):
        return GroupStatistic.objects.shown_to(user).summed(course.pk, [ABOUT])[ABOUT].people

    assert [people(each) for each in (team.manager, make_team().manager, make_hr(), make_editor(), make_user())] == [
        5, 0, 10, 10, 0,
    ]  # fmt: skip


def test_who_leads_a_branch_sees_the_sum_of_what_its_teams_see(answers, course):
    top = make_team()
    below, beside = make_team(parent=top), make_team()
    for team, number in ((top, 6), (below, 11), (beside, 5)):
        ready(answers, team, number)
    update_statistics(day(0))
    seen = {
        each.pk: GroupStatistic.objects.shown_to(each.manager).summed(course.pk, [ABOUT])[ABOUT].people
        for each in (top, below, beside)
    }
    assert seen == {top.pk: 15, below.pk: 10, beside.pk: 5}


def test_another_shape_is_another_count(answers, course):
    ready(answers, None, 5)
    update_statistics(day(0))
    others = [Subject(ABOUT.name, "one x-"), Subject(ABOUT.name), Subject("question/boiling/what-first", ABOUT.shape)]
    found = GroupStatistic.objects.summed(course.pk, [ABOUT, *others])
    assert [found[each].people for each in (ABOUT, *others)] == [5, 0, 0, 0]


def test_of_an_erased_person_the_number_stays_and_nothing_else(answers):
    team = make_team()
    people = ready(answers, team, 8)
    update_statistics(day(0))
    before = kept()
    del answers[people[0]]
    User.objects.get(pk=people[0]).delete()
    assert not StatisticsTeam.objects.filter(learner=people[0]).exists()
    ready(answers, team, 1)
    update_statistics(day(1))
    assert kept() == before  # four wait: one of those in the place of the erased one is counted no more
    new = ready(answers, team, 2)
    update_statistics(day(2))
    assert people[0] in kept()[team.pk] and new[1] in kept()[team.pk] and len(kept()[team.pk]) == 10


def test_the_figures_of_a_closed_team_stay_with_those_of_the_firm(answers, course):
    top = make_team()
    team = make_team(parent=top)
    ready(answers, team, 5)
    update_statistics(day(0))
    Team.objects.filter(pk=team.pk).delete()
    of_whom = {user.pk: GroupStatistic.objects.shown_to(user).summed(course.pk, [ABOUT])[ABOUT].people
               for user in (make_hr(), top.manager)}  # fmt: skip
    assert list(of_whom.values()) == [5, 0]


@pytest.mark.parametrize("people", [5, 15])
def test_a_night_takes_as_many_statements_for_five_people_as_for_fifteen(answers, people, django_assert_num_queries):
    ready(answers, make_team(), people)
    update_statistics(day(0))
    ready(answers, make_team(), people)
    with django_assert_num_queries(13):
        update_statistics(day(1))


@pytest.mark.django_db(transaction=True)
def test_figures_of_a_night_that_fails_midway_are_not_kept(answers, monkeypatch):
    ready(answers, make_team(), 5)
    monkeypatch.setattr(GroupStatistic.objects, "bulk_update", lambda *_args, **_fields: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        update_statistics(day(0))
    assert not GroupStatistic.objects.exists()


def test_it_is_done_every_night():
    assert JOBS["update-statistics"].run is update_statistics


PEOPLE, TEAMS = 24, 5
DEEDS = st.one_of(
    st.tuples(st.just("answer"), st.integers(0, PEOPLE - 1)),
    st.tuples(st.just("move"), st.integers(0, PEOPLE - 1), st.integers(0, TEAMS)),
    st.tuples(st.just("join"), st.integers(0, PEOPLE - 1), st.integers(0, TEAMS - 1)),
    st.tuples(st.just("erase"), st.integers(0, PEOPLE - 1)),
    st.tuples(st.just("close"), st.integers(3, TEAMS - 1)),
)
# Whole teams answer at once, else hardly one of them would ever be five.
NIGHTS = st.lists(
    st.tuples(st.integers(1, 9), st.lists(DEEDS, max_size=6), st.sets(st.integers(0, PEOPLE - 1), max_size=9)),
    max_size=12,
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(nights=NIGHTS)
def test_no_two_figures_that_anybody_ever_saw_differ_by_fewer_than_five_people(answers, nights):
    with transaction.atomic():
        try:
            seen = all_figures_seen(answers, nights)
        finally:
            answers.clear()
            transaction.set_rollback(True)
    for one, other in combinations(seen, 2):
        by = Counter(dict(one))
        by.subtract(dict(other))
        assert sum(map(abs, by.values())) >= 5


def all_figures_seen(answers, nights):
    """Each as a set of (person, how often), of every team with those below it, every pair of teams, and the firm."""
    teams = [make_team()]
    teams += [make_team(parent=teams[0]), make_team(), make_team(parent=teams[0])]
    teams.append(make_team(parent=teams[1]))
    people = [User.objects.create(email=f"p{number}@example.com") for number in range(PEOPLE)]
    for number, person in enumerate(people):
        join(teams[number % 3], person)
    today, seen = 0, {frozenset()}
    for days, deeds, at_once in nights:
        today += days
        for deed, *about in [*deeds, *(("answer", number) for number in at_once)]:
            DOING[deed](answers, people, teams, today, *about)
        update_statistics(day(today))
        now = kept()
        assert sum(map(len, now.values())) == len(set().union(*now.values()))  # nobody in two of them
        lines = nightly_update.lines_of_teams()
        own = {team: {each for each in now if team in lines.get(each, [each, NO_TEAM])} for team in lines}
        groups = [*own.values(), *(one | other for one, other in combinations(own.values(), 2))]
        for group in groups:
            seen.add(frozenset(Counter(person for team in group for person in now[team]).items()))
    return seen


def answer(answers, people, _teams, today, who):
    if people[who].pk:
        answers.setdefault(people[who].pk, day(today))


def moved(_answers, people, teams, _today, who, to):
    if people[who].pk:
        move(people[who].pk, *(each for each in teams[to : to + 1] if each.pk))


def joined(_answers, people, teams, _today, who, to):
    if people[who].pk and teams[to].pk:
        Membership.objects.get_or_create(team=teams[to], person=people[who], role=Membership.Role.LEARNER)


def erased(answers, people, _teams, _today, who):
    if people[who].pk:
        answers.pop(people[who].pk, None)
        people[who].delete()


def closed(_answers, _people, teams, _today, which):
    if teams[which].pk:
        teams[which].delete()


DOING = {"answer": answer, "move": moved, "join": joined, "erase": erased, "close": closed}


# Invented people ------------------------------------------------------------------------------------------------------


def joined(answers, team, number, *, on, listed_on=None):
    """So many who have answered and joined on that day, by hand or by a link."""
    people = ready(answers, team, number, on=on)
    at = datetime(*day(on).timetuple()[:3], 4, tzinfo=UTC)
    User.objects.filter(pk__in=people).update(joined_at=at, listed_on=listed_on)
    return people


def test_four_invented_people_and_one_real_do_not_make_a_five(answers):
    team = make_team()
    joined(answers, team, 4, on=0)
    real = ready(answers, team, 1)
    for number in range(29):
        update_statistics(day(number))
    assert kept() == {}
    others = ready(answers, team, 4, on=29)
    update_statistics(day(29))
    assert kept() == {team.pk: {*real, *others}}


def test_people_count_once_their_account_is_30_days_old(answers):
    team = make_team()
    people = joined(answers, team, 5, on=0)
    update_statistics(day(29))
    assert kept() == {}
    update_statistics(day(30))
    assert kept() == {team.pk: {*people}}


def test_people_count_once_a_list_has_named_them(answers):
    team = make_team()
    people = joined(answers, team, 5, on=0)
    User.objects.filter(pk__in=people).update(listed_on=day(3))
    update_statistics(day(4))
    assert kept() == {}
    update_statistics(day(5))
    assert kept() == {team.pk: {*people}}


def test_nobody_is_counted_twice_where_new_people_stand_among_known_ones(answers):
    team = make_team()
    new = joined(answers, team, 3, on=0)
    known = ready(answers, team, 5)
    for number in range(40):
        if number == 10:
            User.objects.filter(pk=new[0]).update(listed_on=day(number))
            known += ready(answers, team, 4, on=number)
        update_statistics(day(number))
    found = kept()[team.pk]
    assert len(found) == 10 and {*known} <= found | {new[0]}


def test_two_workers_of_one_night_both_succeed(postgres, answers):  # noqa: F811
    team = make_team()
    people = ready(answers, team, 5)
    one_behind_the_other(lambda: update_statistics(day(0)), lambda: update_statistics(day(0)))
    assert kept() == {team.pk: {*people}}
