"""The numbers above boards are right, too, where somebody is enrolled in the very moment of joining a team."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.offboarding import leave
from courseware.accounts.teams.membership_locks import lock_memberships_shared
from courseware.content.models import Course
from courseware.learning.enrollments.enrollment import begin_enrolling, enroll, enroll_next, exempt
from courseware.learning.models import Enrollment
from courseware.learning.status.completion import touch
from courseware.learning.status.headcounts import Headcount
from tests.faults.sites import wait_until
from tests.learning.test_headcounts import assert_right
from tests.making import join, make_course, make_enrollment, make_team, make_user


class InTheMiddle:
    """A transaction of another process that has done something and goes on."""

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
    """Begins a transaction in a thread of its own; at the end each is let go."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nothing is changed at once")
    begun = []
    with ThreadPoolExecutor(4) as pool:

        def begin(act):
            begun.append(InTheMiddle(act))
            begun[-1].future = pool.submit(begun[-1])
            return begun[-1]

        yield begin
        for each in begun:
            each.may_end.set()


def waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone()[0]


def play(at_work, first, second):
    """`second` begins while `first` has not ended, and waits for it; then both end."""
    begun = at_work(first)
    assert begun.has_acted.wait(60)
    follows = at_work(second)
    wait_until(lambda: waiting() == 1, "nobody waits")
    assert not follows.has_acted.is_set()
    for each in (begun, follows):
        each.may_end.set()
        each.future.result(60)


@pytest.fixture
def firm(transactional_db):
    """Kim is in nothing but the tea team below the house; Noor has a run, Ash has none, both are in no team."""
    course = make_course()
    house = make_team("house")
    make_team("tea", parent=house)
    make_team("coffee", parent=house)
    join(team("tea"), make_user("Kim"))
    make_enrollment(person("Kim"), course)
    make_enrollment(make_user("Noor"), course)
    make_user("Ash")


def person(name):
    return User.objects.get(name=name)


def team(name):
    return Team.objects.get(name=name)


def run_of(name):
    return Enrollment.objects.get(learner__name=name)


ENROLLED = {
    "enrolled": lambda: enroll(person("Ash"), Course.objects.get()),
    "enrolled with others": lambda: enroll_next(
        begin_enrolling([team("house")], Course.objects.get(), due_on=timezone.localdate()), by=None
    ),
    "begun": lambda: touch(run_of("Noor"), timezone.now()),
    "excused": lambda: exempt(run_of("Kim"), "on leave", by=None),
}
JOINED = {
    "enrolled": lambda: join(team("tea"), person("Ash")),
    "enrolled with others": lambda: Membership.objects.filter(person__name="Ash").delete(),
    "begun": lambda: join(team("tea"), person("Noor")),
    "excused": lambda: team("tea").delete(),
}


@pytest.mark.parametrize("turned", [False, True], ids=["leaving second", "leaving first"])
def test_who_is_enrolled_and_leaves_the_firm_at_once_is_not_counted(turned, firm, at_work):
    join(team("tea"), person("Ash"))
    acts = [ENROLLED["enrolled"], lambda: leave(person("Ash"), by=None)]
    play(at_work, *(reversed(acts) if turned else acts))
    assert_right()
    assert sum(Headcount.objects.filter(team=None).told(timezone.now()).states.values()) == 2


@pytest.mark.parametrize("turned", [False, True], ids=["the team second", "the team first"])
@pytest.mark.parametrize("what", ENROLLED)
def test_who_is_counted_and_changes_the_team_at_once_is_counted_once(what, turned, firm, at_work):
    if what == "enrolled with others":
        join(team("coffee"), person("Ash"))
    acts = [ENROLLED[what], JOINED[what]]
    play(at_work, *(reversed(acts) if turned else acts))
    assert_right()


def test_who_joins_two_teams_at_once_is_counted_once_above_both(firm, at_work):
    noor = person("Noor")
    play(at_work, lambda: join(team("tea"), noor), lambda: join(team("coffee"), noor))
    assert_right()
    people = {
        each.name: sum(Headcount.objects.filter(team=each).told(timezone.now()).states.values())
        for each in Team.objects.all()
    }
    assert people == {"house": 2, "tea": 2, "coffee": 1}


def test_nobody_else_waits(firm, at_work):
    """While Kim's team changes and Noor is counted: others at both, and they themselves at what is neither."""
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
        lock_memberships_shared([person("Noor").pk])  # as whoever counts Noor in another course
    for each in (changing, counting):
        each.may_end.set()
        each.future.result(60)
    assert_right()
