"""Headcounts stay right when enrollment and membership changes run concurrently."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.offboarding import leave
from courseware.accounts.teams.memberships import lock_memberships_shared
from courseware.content.models import Course
from courseware.learning.enrollments.enrollment import begin_enrolling, enroll, enroll_next, exempt
from courseware.learning.models import Enrollment
from courseware.learning.status.completion import touch
from courseware.learning.status.headcounts import Headcount
from tests.faults.sites import wait_until
from tests.learning.test_headcounts import assert_right
from tests.making import join, make_course, make_enrollment, make_team, make_user


class OpenTransaction:
    """A transaction that acts and then waits for permission to end."""

    def __init__(self, act):
        self.act, self.has_acted, self.may_end = act, threading.Event(), threading.Event()

    def __call__(self):
        try:
            with transaction.atomic():
                self.act()
                self.has_acted.set()
                assert self.may_end.wait(60)
        finally:
            connection.close()


@pytest.fixture
def at_work(transactional_db):
    """Begin a transaction in its own thread; the fixture ends all of them."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nothing is changed at once")
    earlier = []
    with ThreadPoolExecutor(4) as pool:

        def begin(act):
            earlier.append(OpenTransaction(act))
            earlier[-1].future = pool.submit(earlier[-1])
            return earlier[-1]

        yield begin
        for each in earlier:
            each.may_end.set()


def waiting_count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone()[0]


def play(at_work, first, second):
    """Begin `first`, check that `second` waits for it, end both."""
    earlier = at_work(first)
    assert earlier.has_acted.wait(60)
    later = at_work(second)
    wait_until(lambda: waiting_count() == 1, "nobody waits")
    assert not later.has_acted.is_set()
    for each in (earlier, later):
        each.may_end.set()
        each.future.result(60)


@pytest.fixture
def company(transactional_db):
    """Kim: tea team, enrolled. Noor: no team, enrolled. Ash: no team, not enrolled."""
    course = make_course()
    top = make_team("house")
    make_team("tea", parent=top)
    make_team("coffee", parent=top)
    join(team("tea"), make_user("Kim"))
    make_enrollment(person("Kim"), course)
    make_enrollment(make_user("Noor"), course)
    make_user("Ash")


def person(name):
    return User.objects.get(name=name)


def team(name):
    return Team.objects.get(name=name)


def enrollment_of(name):
    return Enrollment.objects.get(learner__name=name)


ENROLLED = {
    "enrolled": lambda: enroll(person("Ash"), Course.objects.get()),
    "enrolled with others": lambda: enroll_next(
        begin_enrolling([team("house")], Course.objects.get(), due_on=timezone.localdate()), by=None
    ),
    "begun": lambda: touch(enrollment_of("Noor"), timezone.now()),
    "exempt": lambda: exempt(enrollment_of("Kim"), "on leave", by=None),
}
JOINED = {
    "enrolled": lambda: join(team("tea"), person("Ash")),
    "enrolled with others": lambda: Membership.objects.filter(person__name="Ash").delete(),
    "begun": lambda: join(team("tea"), person("Noor")),
    "exempt": lambda: team("tea").delete(),
}


@pytest.mark.parametrize("is_reversed", [False, True], ids=["leaving second", "leaving first"])
def test_concurrent_enrollment_and_leaving_is_not_counted(is_reversed, company, at_work):
    join(team("tea"), person("Ash"))
    changes = [ENROLLED["enrolled"], lambda: leave(person("Ash"), by=None)]
    play(at_work, *(reversed(changes) if is_reversed else changes))
    assert_right()
    assert sum(Headcount.objects.filter(team=None).told(timezone.now()).states.values()) == 2


@pytest.mark.parametrize("is_reversed", [False, True], ids=["the team second", "the team first"])
@pytest.mark.parametrize("change", ENROLLED)
def test_concurrent_enrollment_change_and_team_change_count_once(change, is_reversed, company, at_work):
    if change == "enrolled with others":
        join(team("coffee"), person("Ash"))
    changes = [ENROLLED[change], JOINED[change]]
    play(at_work, *(reversed(changes) if is_reversed else changes))
    assert_right()


def test_joining_2_teams_at_once_counts_once_above_both(company, at_work):
    noor = person("Noor")
    play(at_work, lambda: join(team("tea"), noor), lambda: join(team("coffee"), noor))
    assert_right()
    people = {
        each.name: sum(Headcount.objects.filter(team=each).told(timezone.now()).states.values())
        for each in Team.objects.all()
    }
    assert people == {"house": 2, "tea": 2, "coffee": 1}


def test_unrelated_changes_do_not_wait(company, at_work):
    """Others may join or enroll while Kim's team changes and Noor is counted; so may unrelated updates."""
    changing, counting = at_work(lambda: team("tea").delete()), at_work(ENROLLED["begun"])
    assert changing.has_acted.wait(60)
    assert counting.has_acted.wait(60)
    others = [
        at_work(lambda: join(team("coffee"), person("Ash"))),
        at_work(lambda: enroll(make_user("Sam"), Course.objects.get())),
        at_work(lambda: User.objects.filter(name__in=["Kim", "Noor"]).update(last_login=timezone.now())),
    ]
    for each in others:
        each.may_end.set()
        each.future.result(60)
    with transaction.atomic():
        lock_memberships_shared([person("Noor").pk])  # as for a change of Noor in another course
    for each in (changing, counting):
        each.may_end.set()
        each.future.result(60)
    assert_right()
