"""Enrolling people and teams, extensions, exemptions and the newest enrollment."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.audit_log.verify import verify
from courseware.content.models import Course
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.enrollments.enrollment import (
    BATCH,
    EnrollmentClosed,
    begin_enrolling,
    enroll,
    enroll_next,
    exempt,
    extend,
    is_day_over,
    people_pending,
    set_due_date,
    waiting_for,
)
from courseware.learning.models import Enrollment
from courseware.lib import dates
from tests.making import join, make_admin, make_course, make_enrollment, make_files, make_team, make_user

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = date(2026, 11, 27)
END_OF_FRIDAY = datetime(2026, 11, 28, tzinfo=SHANGHAI)


def enroll_team(team, course, *, due_on, by):
    """Enroll all batches; return the new enrollments."""
    before = set(Enrollment.objects.values_list("pk", flat=True))
    bulk = begin_enrolling([team], course, due_on=due_on)
    while not bulk.finished_at:
        bulk = enroll_next(bulk, by=by)
    return list(Enrollment.objects.exclude(pk__in=before).order_by("pk"))


def test_second_enrollment_returns_open_one_unchanged():
    learner, course = make_user(), make_course()
    first = enroll(learner, course, due_at=END_OF_FRIDAY)
    second = enroll(learner, course, due_at=END_OF_FRIDAY + timedelta(days=7))
    assert (second, second.due_at) == (first, END_OF_FRIDAY)
    assert Event.objects.filter(verb="enrolled").count() == 1


@pytest.mark.parametrize("closed", ["completed_at", "exempted_at"])
def test_enrolling_after_closed_enrollment_creates_new_one(closed):
    old = make_enrollment(**{closed: END_OF_FRIDAY})
    new = enroll(old.learner, old.course)
    assert new != old
    assert new.is_open


def test_database_refuses_second_open_enrollment():
    first = make_enrollment()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_enrollment(first.learner, first.course)


def test_team_enrollment_includes_subteams_in_their_time_zones():
    course, admin = make_course(), make_admin()
    centre = make_team(learners=2)
    berlin = make_team(learners=1, parent=centre, time_zone="Europe/Berlin")
    make_team(learners=1)  # not below it
    new = enroll_team(centre, course, due_on=FRIDAY, by=admin)
    in_berlin = berlin.people.exclude(pk=berlin.manager.pk).get()
    assert {one.learner: one.due_at for one in new} == {
        **dict.fromkeys(centre.people.exclude(pk=centre.manager.pk), END_OF_FRIDAY),
        in_berlin: datetime(2026, 11, 28, tzinfo=ZoneInfo("Europe/Berlin")),
    }
    assert all(one.due_on == FRIDAY for one in new)
    assert Event.objects.filter(verb="enrolled", actor=admin).count() == 3


def test_team_enrollment_skips_enrolled_former_and_managers():
    course = make_course()
    team = make_team(learners=1)
    enrolled, exempted, completed = (make_enrollment(course=course, **fields) for fields in (
        {}, {"exempted_at": END_OF_FRIDAY}, {"completed_at": END_OF_FRIDAY}
    ))  # fmt: skip
    for enrollment in (enrolled, exempted, completed):
        join(team, enrollment.learner)
    join(team, make_user(is_active=False))
    not_enrolled = team.people.exclude(pk=team.manager.pk).exclude(enrollments__course=course).get(is_active=True)
    assert [one.learner for one in enroll_team(team, course, due_on=None, by=team.manager)] == [not_enrolled]
    assert enroll_team(team, course, due_on=FRIDAY, by=team.manager) == []
    assert Enrollment.objects.count() == 4


def test_person_in_2_teams_is_enrolled_once():
    course, centre = make_course(), make_team(learners=1)
    below = make_team(parent=centre, time_zone="Europe/Berlin")
    join(below, centre.people.exclude(pk=centre.manager.pk).get())
    assert [one.due_at for one in enroll_team(centre, course, due_on=FRIDAY, by=None)] == [END_OF_FRIDAY]


@pytest.mark.parametrize("is_concurrent", [False, True])
def test_bulk_enrollment_writes_people_in_id_order(monkeypatch, is_concurrent):
    if is_concurrent:  # another process enrolls one of them
        monkeypatch.setattr(Enrollment.objects, "bulk_create", raise_integrity_error)
    people, course, written = [make_user() for _ in range(4)], make_course(), []
    for team, new_members in ((make_team(), people[:2]), (make_team(), reversed(people))):
        for person in new_members:
            join(team, person)
        written.append([new.learner for new in enroll_team(team, course, due_on=None, by=None)])
    assert written == [people[:2], people[2:]]


def raise_integrity_error(new):
    raise IntegrityError


def test_team_is_enrolled_in_batches(monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 2)
    course, team, admin = make_course(), make_team(learners=5), make_admin()
    bulk = begin_enrolling([team], course, due_on=FRIDAY)
    assert (people_pending(bulk), Enrollment.objects.count()) == (5, 0)
    seen = []
    for _ in range(4):  # one batch more than needed
        bulk = enroll_next(bulk, by=admin)
        seen.append((bulk.enrolled, people_pending(bulk), Enrollment.objects.count(), bulk.finished_at is not None))
    assert seen == [(2, 3, 2, False), (4, 1, 4, False), (5, 0, 5, True), (5, 0, 5, True)]
    assert Event.objects.filter(verb="enrolled", actor=admin).count() == 5
    assert verify() == []


def test_unfinished_bulk_enrollment_is_resumed_by_equal_request_only():
    course, team, other = make_course(), make_team(learners=1), make_team(learners=1)
    bulk = begin_enrolling([team], course, due_on=FRIDAY)
    assert begin_enrolling([team], course, due_on=FRIDAY) == bulk
    assert begin_enrolling([team, other], course, due_on=FRIDAY) != bulk
    assert begin_enrolling([team], course, due_on=None) != bulk
    enroll_next(bulk, by=None)
    assert begin_enrolling([team], course, due_on=FRIDAY) != bulk


def test_changes_between_batches_are_respected(monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 1)
    course, team = make_course(), make_team(learners=2)
    bulk = enroll_next(begin_enrolling([team], course, due_on=FRIDAY), by=None)
    [second] = team.people.exclude(pk=team.manager.pk).exclude(enrollments__course=course)
    enroll(second, course)
    newcomer = make_user()
    join(team, newcomer)
    bulk = enroll_next(bulk, by=None)
    assert (bulk.enrolled, bulk.finished_at is not None) == (2, True)
    assert Enrollment.objects.get(learner=second).due_at is None
    assert Enrollment.objects.get(learner=newcomer).due_at == END_OF_FRIDAY


def test_concurrent_enrollment_of_person_creates_one(monkeypatch):
    course, team = make_course(), make_team(learners=3)
    first = team.people.exclude(pk=team.manager.pk).first()
    bulk = begin_enrolling([team], course, due_on=FRIDAY)
    begin_many = enrolling.begin_many

    def begin_late(dues, course, at):
        enroll(first, course)
        return begin_many(dues, course, at)

    monkeypatch.setattr(enrolling, "begin_many", begin_late)
    bulk = enroll_next(bulk, by=None)
    assert (bulk.enrolled, bulk.finished_at is not None) == (2, True)
    assert Event.objects.filter(verb="enrolled").count() == Enrollment.objects.count() == 3


@pytest.mark.parametrize("learners", [1, 3, 40])
def test_batch_costs_same_queries_for_any_size(learners, django_assert_num_queries):
    bulk = begin_enrolling([make_team(learners=learners)], make_course(), due_on=FRIDAY)
    record("opened", subject="door:1")
    # 2 savepoints: 4; bulk enrollment, teams, subteams, people, certifications, job roles, enrollments,
    # pending people, bulk enrollment; notifications: 1; emails: 3; audit log: 3.
    # On PostgreSQL 2 more: locks of certifications and headcounts.
    with transaction.atomic(), django_assert_num_queries(23 + 2 * (connection.vendor == "postgresql")):
        enroll_next(bulk, by=None)


@pytest.mark.parametrize(
    "zone", ["Africa/Cairo", "America/New_York", "America/Santiago", "Asia/Beirut", "Europe/Berlin", "Asia/Shanghai"]
)
def test_due_date_before_missing_midnight_is_unchanged(zone):
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(366)]
    shown = [dates.due_date(dates.due_instant(day, ZoneInfo(zone)).astimezone(UTC), ZoneInfo(zone)) for day in days]
    assert shown == days


def test_extension_moves_due_date_and_logs_old_and_new():
    enrollment = make_enrollment(due_at=END_OF_FRIDAY)
    admin = make_admin()
    adjustments = [extend(enrollment, FRIDAY + timedelta(days=7), by=admin) for _ in range(2)]
    assert [bool(each) for each in adjustments] == [True, False]
    enrollment.refresh_from_db()
    assert enrollment.due_at == END_OF_FRIDAY + timedelta(days=7)
    [event] = Event.objects.filter(verb="extended")
    assert (event.actor, event.subject) == (admin, f"enrollment:{enrollment.pk}")
    assert event.data == {"from": "2026-11-27T16:00:00Z", "to": "2026-12-04T16:00:00Z"}


@pytest.mark.parametrize("closed", ["completed_at", "exempted_at"])
def test_closed_enrollment_cannot_be_extended(closed):
    enrollment = make_enrollment(due_at=END_OF_FRIDAY, **{closed: END_OF_FRIDAY})
    with pytest.raises(EnrollmentClosed):
        extend(enrollment, FRIDAY + timedelta(days=1), by=None)
    enrollment.refresh_from_db()
    assert enrollment.due_at == END_OF_FRIDAY


def test_second_exemption_is_ignored():
    enrollment = make_enrollment()
    assert exempt(enrollment, "moved to the warehouse", by=None, at=END_OF_FRIDAY)
    assert not exempt(enrollment, "another", by=None)
    enrollment.refresh_from_db()
    assert (enrollment.exempted_at, enrollment.exemption_reason) == (END_OF_FRIDAY, "moved to the warehouse")
    assert Event.objects.filter(verb="exempted").count() == 1


def test_completed_enrollment_cannot_be_exempted():
    enrollment = make_enrollment(completed_at=END_OF_FRIDAY)
    with pytest.raises(EnrollmentClosed):
        exempt(enrollment, "late", by=None)
    enrollment.refresh_from_db()
    assert enrollment.exempted_at is None


PEOPLE, COURSES = 6 * BATCH, 4


def rows_touched(queryset):
    """Rows returned or filtered out by all steps of the query plan."""
    with connection.cursor() as cursor:
        for choice in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):  # as the planner does for a large company
            cursor.execute(f"SET LOCAL enable_{choice} = off")
        sql, values = queryset.query.sql_with_params()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        (plan,) = cursor.fetchone()
    steps, found = [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]], 0
    while steps:
        step = steps.pop()
        steps += step.get("Plans", [])
        keys = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
        found += step["Actual Loops"] * sum(step.get(name, 0) for name in keys)
    return found


@pytest.mark.django_db
def test_pending_people_are_found_in_linear_time():
    if connection.vendor != "postgresql":
        pytest.skip("the plans are those of PostgreSQL")
    new = make_course()
    team = make_team(learners=PEOPLE)
    others = [Course.objects.create(identifier=f"other-{number}") for number in range(COURSES)]
    people = team.memberships.filter(role="learner").values_list("person", flat=True)
    for course in others:
        Enrollment.objects.bulk_create(Enrollment(learner_id=person, course=course) for person in people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # statistics from before anybody was enrolled
    bulk = begin_enrolling([team], new, due_on=None)
    for _ in range(PEOPLE // BATCH - 1):
        bulk = enroll_next(bulk, by=None)
    assert people_pending(bulk) == BATCH
    # A person has 1 row, 1 membership and 1 enrollment per course; each plan step may touch them once.
    assert rows_touched(waiting_for(bulk).order_by("pk")) < PEOPLE * (COURSES + 3) * 4


DAY = date(2026, 11, 27)
LAST_MOMENT = datetime(2026, 11, 27, 15, 59, tzinfo=UTC)  # 1 minute before midnight in Shanghai
PASSED = "The due date has passed, so new enrollments would be overdue at once."


@pytest.fixture
def bulk(client, monkeypatch, time_machine):
    """A bulk enrollment whose due date passed after 2 of 3 people."""
    monkeypatch.setattr(enrolling, "BATCH", 2)
    time_machine.move_to(LAST_MOMENT, tick=False)
    bulk = begin_enrolling([make_team(learners=3)], make_course(), due_on=DAY)
    enroll_next(bulk, by=None)
    time_machine.move_to(LAST_MOMENT + timedelta(minutes=2), tick=False)
    client.force_login(make_admin(language="en"))
    return bulk


def address(bulk):
    return reverse("admin:enroll-team", args=[bulk.pk])


def section(response):
    return BeautifulSoup(response.content, "html.parser").select_one("#enrolling")


def due_dates():
    return sorted(enrollment.due_on for enrollment in Enrollment.objects.with_zone())


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["by hand", "automatically"])
def test_expired_bulk_enrollment_stops_and_asks_for_new_due_date(client, bulk, headers):
    for response in (client.get(address(bulk), headers=headers), client.post(address(bulk), headers=headers)):
        form = section(response)
        assert PASSED in form.text
        assert form.select_one("input[name=due_on]")
        assert not form.has_attr("hx-post"), "it would go on by itself"
    assert due_dates() == [DAY, DAY]


@pytest.mark.slow
def test_new_due_date_applies_to_remaining_people_only(client, bulk):
    assert client.post(address(bulk), {"due_on": "2026-12-04"}).status_code == 302
    page = section(client.get(address(bulk)))
    assert PASSED not in page.text and page.has_attr("hx-post")
    client.post(address(bulk))
    assert due_dates() == [DAY, DAY, date(2026, 12, 4)]


@pytest.mark.parametrize("day", ["2026-11-27", "", "tomorrow", "2100-01-01"])
def test_past_or_missing_due_date_is_refused(client, bulk, day):
    response = client.post(address(bulk), {"due_on": day})
    assert (response.status_code, due_dates()) == (422, [DAY, DAY])
    assert section(response).select(".errorlist a[href='#id_due_on']")


def test_new_due_date_is_ignored_while_first_is_valid(client, bulk, time_machine):
    time_machine.move_to(LAST_MOMENT, tick=False)
    client.post(address(bulk), {"due_on": "2026-12-04"})
    assert due_dates() == [DAY] * 3


@pytest.mark.parametrize(
    "due_on, at, expected",
    [
        (DAY, LAST_MOMENT, False),
        (DAY, LAST_MOMENT + timedelta(minutes=1), True),
        (None, LAST_MOMENT + timedelta(days=1), False),
    ],
)
def test_due_date_passes_at_midnight_in_site_time_zone(due_on, at, expected):
    bulk = begin_enrolling([make_team(learners=1)], make_course(), due_on=due_on)
    assert is_day_over(bulk, at) == expected


def test_finished_bulk_enrollment_is_unchanged(bulk):
    enroll_next(bulk, by=None)
    set_due_date(bulk, DAY + timedelta(days=7))
    bulk.refresh_from_db()
    assert (bulk.due_on, is_day_over(bulk)) == (DAY, False)


def with_exemption(enrollment):
    exempt(enrollment, "moved", by=None)
    return enrollment


def newest():
    return set(Enrollment.objects.newest())


@pytest.mark.slow
def test_new_enrollment_replaces_newest_of_same_person_and_course():
    course, learner = make_course(), make_user()
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    elsewhere, other_enrollment = enroll(learner, make_course(other)), enroll(make_user(), course)
    first = enroll(learner, course)
    assert newest() == {elsewhere, other_enrollment, first}
    exempt(first, "moved", by=None)
    second = enroll(learner, course)
    assert newest() == {elsewhere, other_enrollment, second}
    exempt(second, "moved", by=None)
    third = enroll(learner, course)
    assert newest() == {elsewhere, other_enrollment, third}


def test_saving_older_enrollment_does_not_make_it_newest():
    course, learner = make_course(), make_user()
    first = with_exemption(enroll(learner, course))
    second = enroll(learner, course)
    first.refresh_from_db()
    first.save()
    assert newest() == {second}


def test_database_refuses_second_newest_enrollment():
    first = with_exemption(enroll(make_user(), make_course()))
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.bulk_create([Enrollment(learner=first.learner, course=first.course)])


@pytest.mark.django_db(transaction=True)
def test_failed_enrollment_keeps_previous_one_newest(monkeypatch):
    first = with_exemption(enroll(make_user(), make_course()))
    with pytest.raises(ValueError, match="the log is away"), monkeypatch.context() as patched:
        patched.setattr("courseware.learning.enrollments.enrollment.record_many", fail)
        enroll(first.learner, first.course, at=timezone.now())
    assert newest() == {first}


def fail(*args):
    raise ValueError("the log is away")
