"""Concurrent writes to the audit log neither deadlock nor wait for other subjects.

On PostgreSQL only. SQLite has one writer; see `tests/faults/test_staff_work.py`.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle, islice

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction

from courseware.accounts.models import Membership, User
from courseware.accounts.people import extra_time
from courseware.accounts.permissions import role_changes
from courseware.accounts.teams.memberships import lock_memberships_exclusive
from courseware.assessment.exams import attempts
from courseware.audit_log.checkpoints import create_checkpoint
from courseware.audit_log.models import HashChain
from courseware.audit_log.record import record, record_many
from courseware.audit_log.verify import verify
from courseware.content.models import Document
from courseware.learning.enrollments import enrollment as enrolling
from courseware.reporting.integrity.check_all import differences
from tests.making import days, join, make_admin, make_course, make_enrollment, make_team, make_user, publish_latest
from tests.world import complete_course, finish_lessons, start_exam

ROUNDS = 6
PEOPLE = 12  # more than nine, so that the order of their keys is not that of their names in the log


@pytest.fixture
def postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    return connection


def together(*works):
    """Run each in its own thread, all started at once; return the results or raise an error."""
    begin = threading.Barrier(len(works))

    def run(work):
        try:
            begin.wait(60)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(run, work) for work in works]]


class Staff:
    """What admins do to many people at once; each method repeats one action."""

    def __init__(self):
        self.admin, self.team, self.others = make_admin(), make_team(), make_team()
        self.people = [make_user() for _ in range(PEOPLE)]
        self.groups = [Group.objects.create(name=name) for name in ("Desk", "Door")]
        for person in self.people:
            person.groups.set(self.groups)
        self.permissions = list(Permission.objects.order_by("pk")[:ROUNDS])

    def changes_a_group(self, group):
        for permission in self.permissions:
            with transaction.atomic():
                before = role_changes.permissions_of(group)
                group.permissions.add(permission)
                role_changes.log_group_rights(group, before, by=self.admin)

    def takes_people_in_and_out(self, team, people):
        for _ in range(ROUNDS):
            with transaction.atomic():
                record("team-moved", actor=self.admin, subject=team)
                lock_memberships_exclusive(person.pk for person in people)
                added = [Membership.objects.create(team=team, person=person, role="learner") for person in people]
                role_changes.log_memberships([("membership-added", each) for each in added], by=self.admin)
            with transaction.atomic():
                team.memberships.filter(role="learner").delete()
                role_changes.log_memberships([("membership-removed", each) for each in reversed(added)], by=self.admin)

    def deletes_groups(self):
        for number in range(ROUNDS):
            group = Group.objects.create(name=f"Passing {number}")
            for person in self.people:
                person.groups.add(group)
            with transaction.atomic():
                before = [(person, role_changes.rights_of(person)) for person in self.people]
                group.delete()
                role_changes.log_rights_of_all(before, by=self.admin)

    def goes_from_person_to_person(self):
        for person in islice(cycle(self.people), ROUNDS * PEOPLE):
            role_changes.end_sessions(person, by=self.admin)
            person.refresh_from_db(fields=["extra_time"])
            with transaction.atomic():
                time = "" if person.extra_time else User.ExtraTime.choices[0][0]
                record_many(extra_time.events(extra_time.change({person.pk: time}), by=person))
            record("signed-in", actor=person, subject=person)


@pytest.mark.slow
def test_concurrent_changes_of_rights_and_teams_do_not_deadlock(postgres):
    staff = Staff()
    one, other = staff.groups
    together(
        lambda: staff.changes_a_group(one),
        lambda: staff.changes_a_group(other),
        lambda: staff.takes_people_in_and_out(staff.team, staff.people),
        lambda: staff.takes_people_in_and_out(staff.others, staff.people[::-1]),
        staff.deletes_groups,
        staff.goes_from_person_to_person,
        lambda: [create_checkpoint() for _ in range(ROUNDS)],
    )
    assert verify() == []
    assert HashChain.objects.get(name=f"person:{staff.people[0].pk}").length >= 7 * ROUNDS


@pytest.mark.slow
def test_concurrent_work_of_all_roles_does_not_deadlock(postgres):
    course, admin = make_course(), make_admin()
    learners = [make_enrollment(course=course) for _ in range(4)]
    team = make_team(learners=60)  # more than one batch
    order = enrolling.begin_enrolling([team], course, due_on=None)
    document = Document.objects.filter(course=course, kind="lesson").first()

    def look_and_extend():
        for number, enrollment in enumerate(islice(cycle(learners), ROUNDS * 4)):
            record("record-viewed", actor=admin, subject=enrollment)
            with suppress(enrolling.EnrollmentClosed):  # the learner may have completed the course
                enrolling.extend(enrollment, days(number + 3).date(), by=admin)

    def enroll():
        for _ in range(3):
            enrolling.enroll_next(order, by=admin)

    together(
        *(lambda enrollment=enrollment: complete_course(enrollment) for enrollment in learners[:3]),
        look_and_extend,
        enroll,
        lambda: [publish_latest(document, note=f"Round {number}") for number in range(2)],
        lambda: [create_checkpoint() for _ in range(ROUNDS)],
    )
    assert list(differences()) == []


def test_long_transaction_blocks_no_other_subject(postgres):
    """A slow submission runs while others submit, view records and sign in."""
    course, admin = make_course(), make_admin()
    slow, quick = make_enrollment(course=course), make_enrollment(course=course)
    for enrollment in (slow, quick):
        finish_lessons(enrollment)
    is_locked, may_end = threading.Event(), threading.Event()
    attempt = start_exam(slow)

    def submit_slowly():
        try:
            with transaction.atomic():
                attempts.submit(attempt)
                is_locked.set()
                assert may_end.wait(120), "the others came to no end"
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        submission = pool.submit(submit_slowly)
        assert is_locked.wait(120)
        complete_course(quick)
        record("record-viewed", actor=admin, subject=quick)
        record("signed-in", actor=admin, subject=admin)
        join(make_team(), quick.learner)
        enrolling.enroll(make_user(), course, by=admin)
        assert not submission.done()
        may_end.set()
        submission.result()
    assert list(differences()) == []
