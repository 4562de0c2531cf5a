"""Group statistics: 5 people at a time, each counted once, unaffected by later changes."""

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
from tests.site.test_concurrent_logging import postgres  # noqa: F401 - a fixture

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
    """Day from which each person is ready; the numbers name the person, so a statistic shows who is in it."""
    given_by = {}

    def counted_in(_course, _route):
        yield ABOUT, [Counted(person, ready, {f"p{person}": 1}) for person, ready in given_by.items()]

    monkeypatch.setattr(nightly_update, "counted_in", counted_in)
    return given_by


def add_ready_people(answers, team, number, *, on=0):
    """Add people who learn in the team and are ready on that day; return their ids."""
    people = [make_user() for _ in range(number)]
    for person in people:
        if team:
            join(team, person)
        answers[person.pk] = day(on)
    return [person.pk for person in people]


def counted():
    """Team id → people in its statistic."""
    rows = GroupStatistic.objects.exclude(people=0)
    found = {each.team: {int(name[1:]) for name, times in each.numbers.items() for _ in range(times)} for each in rows}
    assert {each.team: each.people for each in rows} == {team: len(people) for team, people in found.items()}
    return found


def move_to_teams(person, *teams):
    Membership.objects.filter(person=person, role=Membership.Role.LEARNER).delete()
    for team in teams:
        join(team, User.objects.get(pk=person))


def test_statistics_grow_in_steps_of_5_people(answers):
    team = make_team()
    first = add_ready_people(answers, team, 4)
    update_statistics(day(0))
    assert counted() == {}
    first += add_ready_people(answers, team, 4)
    update_statistics(day(1))
    assert counted() == {team.pk: set(first[:5])}
    first += add_ready_people(answers, team, 1, on=2)
    update_statistics(day(2))
    assert counted() == {team.pk: set(first[:5])}
    first += add_ready_people(answers, team, 1, on=3)
    update_statistics(day(3))
    assert counted() == {team.pk: set(first)}


def test_statistic_grows_at_most_once_a_day(answers):
    team = make_team()
    first = add_ready_people(answers, team, 5)
    assert update_statistics(day(0)) == "figures: 1"
    before = list(GroupStatistic.objects.values())
    add_ready_people(answers, team, 5)
    assert update_statistics(day(0)) == ""
    assert list(GroupStatistic.objects.values()) == before
    update_statistics(day(1))
    assert len(counted()[team.pk]) == 10 and set(first) < counted()[team.pk]


def test_person_counts_only_from_ready_date(answers):
    team = make_team()
    add_ready_people(answers, team, 4)
    add_ready_people(answers, team, 1, on=1)
    update_statistics(day(0))
    assert counted() == {}


def test_moving_or_leaving_changes_no_statistic(answers):
    team, other = make_team(), make_team()
    people = add_ready_people(answers, team, 7)
    update_statistics(day(0))
    before = counted()
    move_to_teams(people[0], other)
    move_to_teams(people[1])
    move_to_teams(people[6], other)  # still waits with the team of the first answer
    theirs = add_ready_people(answers, other, 4)
    update_statistics(day(1))
    assert counted() == before == {team.pk: set(people[:5])}
    theirs += add_ready_people(answers, other, 1)
    update_statistics(day(2))
    assert counted() == before | {other.pk: set(theirs)}


def test_person_in_two_teams_counts_in_first(answers):
    team, other = make_team(), make_team()
    for person in add_ready_people(answers, team, 5):
        join(other, User.objects.get(pk=person))
    update_statistics(day(0))
    assert list(counted()) == [team.pk]


def test_people_waiting_14_days_count_one_level_up(answers):
    top = make_team()
    one, two = make_team(parent=top), make_team(parent=top)
    few, others = add_ready_people(answers, one, 3), add_ready_people(answers, two, 3)
    update_statistics(day(13))
    assert counted() == {}
    update_statistics(day(14))
    up = {top.pk: {*few, *others[:2]}}
    assert counted() == up
    new = add_ready_people(answers, one, 5, on=15)
    update_statistics(day(15))
    assert counted() == up | {one.pk: set(new)}
    alone = add_ready_people(answers, make_team(), 4, on=0)
    update_statistics(day(28))  # the last one of the second team has moved up 2 levels
    assert counted() == up | {one.pk: set(new), NO_TEAM: {others[2], *alone}}


def test_people_without_team_count_for_company_readers(answers, course):
    team = make_team()
    add_ready_people(answers, None, 5)
    add_ready_people(answers, team, 5)
    update_statistics(day(0))

    def people(user):
        return GroupStatistic.objects.shown_to(user).summed(course.pk, [ABOUT])[ABOUT].people

    assert [people(each) for each in (team.manager, make_team().manager, make_hr(), make_editor(), make_user())] == [
        5, 0, 10, 10, 0,
    ]  # fmt: skip


def test_manager_sees_sum_of_all_lower_teams(answers, course):
    top = make_team()
    below, beside = make_team(parent=top), make_team()
    for team, number in ((top, 6), (below, 11), (beside, 5)):
        add_ready_people(answers, team, number)
    update_statistics(day(0))
    seen = {
        each.pk: GroupStatistic.objects.shown_to(each.manager).summed(course.pk, [ABOUT])[ABOUT].people
        for each in (top, below, beside)
    }
    assert seen == {top.pk: 15, below.pk: 10, beside.pk: 5}


def test_other_signature_is_counted_separately(answers, course):
    add_ready_people(answers, None, 5)
    update_statistics(day(0))
    others = [Subject(ABOUT.name, "one x-"), Subject(ABOUT.name), Subject("question/boiling/what-first", ABOUT.shape)]
    found = GroupStatistic.objects.summed(course.pk, [ABOUT, *others])
    assert [found[each].people for each in (ABOUT, *others)] == [5, 0, 0, 0]


def test_erasing_a_person_keeps_the_number(answers):
    team = make_team()
    people = add_ready_people(answers, team, 8)
    update_statistics(day(0))
    before = counted()
    del answers[people[0]]
    User.objects.get(pk=people[0]).delete()
    assert not StatisticsTeam.objects.filter(learner=people[0]).exists()
    add_ready_people(answers, team, 1)
    update_statistics(day(1))
    assert counted() == before  # 4 people wait; the place of the erased person is not counted again
    new = add_ready_people(answers, team, 2)
    update_statistics(day(2))
    assert people[0] in counted()[team.pk] and new[1] in counted()[team.pk] and len(counted()[team.pk]) == 10


def test_statistics_of_deleted_team_stay_visible_to_hr(answers, course):
    top = make_team()
    team = make_team(parent=top)
    add_ready_people(answers, team, 5)
    update_statistics(day(0))
    Team.objects.filter(pk=team.pk).delete()
    people_by_reader = {user.pk: GroupStatistic.objects.shown_to(user).summed(course.pk, [ABOUT])[ABOUT].people
               for user in (make_hr(), top.manager)}  # fmt: skip
    assert list(people_by_reader.values()) == [5, 0]


@pytest.mark.parametrize("people", [5, 15])
def test_query_count_is_independent_of_people(answers, people, django_assert_num_queries):
    add_ready_people(answers, make_team(), people)
    update_statistics(day(0))
    add_ready_people(answers, make_team(), people)
    with django_assert_num_queries(13):
        update_statistics(day(1))


@pytest.mark.django_db(transaction=True)
def test_failed_update_stores_nothing(answers, monkeypatch):
    add_ready_people(answers, make_team(), 5)
    monkeypatch.setattr(GroupStatistic.objects, "bulk_update", lambda *_args, **_fields: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        update_statistics(day(0))
    assert not GroupStatistic.objects.exists()


def test_statistics_are_updated_by_nightly_job():
    assert JOBS["update-statistics"].run is update_statistics


PEOPLE, TEAMS = 24, 5
ACTIONS = st.one_of(
    st.tuples(st.just("answer"), st.integers(0, PEOPLE - 1)),
    st.tuples(st.just("move"), st.integers(0, PEOPLE - 1), st.integers(0, TEAMS)),
    st.tuples(st.just("join"), st.integers(0, PEOPLE - 1), st.integers(0, TEAMS - 1)),
    st.tuples(st.just("erase"), st.integers(0, PEOPLE - 1)),
    st.tuples(st.just("close"), st.integers(3, TEAMS - 1)),
)
# Whole teams answer at once; otherwise teams would hardly ever reach 5.
NIGHTS = st.lists(
    st.tuples(st.integers(1, 9), st.lists(ACTIONS, max_size=6), st.sets(st.integers(0, PEOPLE - 1), max_size=9)),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(nights=NIGHTS)
def test_published_statistics_differ_by_at_least_5_people(answers, nights):
    with transaction.atomic():
        try:
            seen = all_published(answers, nights)
        finally:
            answers.clear()
            transaction.set_rollback(True)
    for one, other in combinations(seen, 2):
        by = Counter(dict(one))
        by.subtract(dict(other))
        assert sum(map(abs, by.values())) >= 5


def all_published(answers, nights):
    """Each as a set of (person, times): teams with their subteams, pairs of teams, and the company."""
    teams = [make_team()]
    teams += [make_team(parent=teams[0]), make_team(), make_team(parent=teams[0])]
    teams.append(make_team(parent=teams[1]))
    people = [User.objects.create(email=f"p{number}@example.com") for number in range(PEOPLE)]
    for number, person in enumerate(people):
        join(teams[number % 3], person)
    today, seen = 0, {frozenset()}
    for days, actions, at_once in nights:
        today += days
        for action, *about in [*actions, *(("answer", number) for number in at_once)]:
            HANDLERS[action](answers, people, teams, today, *about)
        update_statistics(day(today))
        now = counted()
        assert sum(map(len, now.values())) == len(set().union(*now.values()))  # nobody is in two
        lines = nightly_update.lines_of_teams()
        own = {team: {each for each in now if team in lines.get(each, [each, NO_TEAM])} for team in lines}
        groups = [*own.values(), *(one | other for one, other in combinations(own.values(), 2))]
        for group in groups:
            seen.add(frozenset(Counter(person for team in group for person in now[team]).items()))
    return seen


def add_answer(answers, people, _teams, today, number):
    if people[number].pk:
        answers.setdefault(people[number].pk, day(today))


def move_person(_answers, people, teams, _today, number, to):
    if people[number].pk:
        move_to_teams(people[number].pk, *(each for each in teams[to : to + 1] if each.pk))


def join_team(_answers, people, teams, _today, number, to):
    if people[number].pk and teams[to].pk:
        Membership.objects.get_or_create(team=teams[to], person=people[number], role=Membership.Role.LEARNER)


def erase_person(answers, people, _teams, _today, number):
    if people[number].pk:
        answers.pop(people[number].pk, None)
        people[number].delete()


def close_team(_answers, _people, teams, _today, number):
    if teams[number].pk:
        teams[number].delete()


HANDLERS = {"answer": add_answer, "move": move_person, "join": join_team, "erase": erase_person, "close": close_team}


# Invented people ------------------------------------------------------------------------------------------------------


def add_new_people(answers, team, number, *, on, listed_on=None):
    """Add people who answered and joined on that day, by hand or by a link."""
    people = add_ready_people(answers, team, number, on=on)
    at = datetime(*day(on).timetuple()[:3], 4, tzinfo=UTC)
    User.objects.filter(pk__in=people).update(joined_at=at, listed_on=listed_on)
    return people


def test_four_invented_and_one_real_person_do_not_count(answers):
    team = make_team()
    add_new_people(answers, team, 4, on=0)
    real = add_ready_people(answers, team, 1)
    for number in range(29):
        update_statistics(day(number))
    assert counted() == {}
    others = add_ready_people(answers, team, 4, on=29)
    update_statistics(day(29))
    assert counted() == {team.pk: {*real, *others}}


def test_people_count_once_their_account_is_30_days_old(answers):
    team = make_team()
    people = add_new_people(answers, team, 5, on=0)
    update_statistics(day(29))
    assert counted() == {}
    update_statistics(day(30))
    assert counted() == {team.pk: {*people}}


def test_people_count_once_imported_list_names_them(answers):
    team = make_team()
    people = add_new_people(answers, team, 5, on=0)
    User.objects.filter(pk__in=people).update(listed_on=day(3))
    update_statistics(day(4))
    assert counted() == {}
    update_statistics(day(5))
    assert counted() == {team.pk: {*people}}


@pytest.mark.slow
def test_new_and_known_people_are_counted_once(answers):
    team = make_team()
    new = add_new_people(answers, team, 3, on=0)
    known = add_ready_people(answers, team, 5)
    for number in range(40):
        if number == 10:
            User.objects.filter(pk=new[0]).update(listed_on=day(number))
            known += add_ready_people(answers, team, 4, on=number)
        update_statistics(day(number))
    found = counted()[team.pk]
    assert len(found) == 10 and {*known} <= found | {new[0]}


def test_concurrent_updates_both_succeed(postgres, answers):  # noqa: F811
    team = make_team()
    people = add_ready_people(answers, team, 5)
    one_behind_the_other(lambda: update_statistics(day(0)), lambda: update_statistics(day(0)))
    assert counted() == {team.pk: {*people}}
