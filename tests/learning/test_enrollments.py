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
    """The new enrollments, once all batches are done."""
    before = set(Enrollment.objects.values_list("pk", flat=True))
    order = begin_enrolling([team], course, due_on=due_on)
    while not order.finished_at:
        order = enroll_next(order, by=by)
    return list(Enrollment.objects.exclude(pk__in=before).order_by("pk"))


def test_enrolling_twice_gives_the_same_open_enrollment_with_its_first_due_day():
    learner, course = make_user(), make_course()
    first = enroll(learner, course, due_at=END_OF_FRIDAY)
    second = enroll(learner, course, due_at=END_OF_FRIDAY + timedelta(days=7))
    assert (second, second.due_at) == (first, END_OF_FRIDAY)
    assert Event.objects.filter(verb="enrolled").count() == 1


@pytest.mark.parametrize("closed", ["completed_at", "exempted_at"])
def test_enrolling_after_a_closed_run_begins_a_new_one(closed):
    old = make_enrollment(**{closed: END_OF_FRIDAY})
    new = enroll(old.learner, old.course)
    assert new != old
    assert new.is_open


def test_the_database_refuses_a_second_open_run():
    first = make_enrollment()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_enrollment(first.learner, first.course)


def test_a_team_is_enrolled_with_the_teams_below_it_each_in_its_own_time_zone():
    course, admin = make_course(), make_admin()
    centre = make_team(learners=2)
    berlin = make_team(learners=1, parent=centre, time_zone="Europe/Berlin")
    make_team(learners=1)  # beside it
    new = enroll_team(centre, course, due_on=FRIDAY, by=admin)
    in_berlin = berlin.people.exclude(pk=berlin.manager.pk).get()
    assert {one.learner: one.due_at for one in new} == {
        **dict.fromkeys(centre.people.exclude(pk=centre.manager.pk), END_OF_FRIDAY),
        in_berlin: datetime(2026, 11, 28, tzinfo=ZoneInfo("Europe/Berlin")),
    }
    assert all(one.due_on == FRIDAY for one in new)
    assert Event.objects.filter(verb="enrolled", actor=admin).count() == 3


def test_enrolling_a_team_passes_over_who_has_the_course_who_left_and_managers():
    course = make_course()
    team = make_team(learners=1)
    has_it, is_excused, has_done_it = (make_enrollment(course=course, **fields) for fields in (
        {}, {"exempted_at": END_OF_FRIDAY}, {"completed_at": END_OF_FRIDAY}
    ))  # fmt: skip
    for enrollment in (has_it, is_excused, has_done_it):
        join(team, enrollment.learner)
    join(team, make_user(is_active=False))
    fresh = team.people.exclude(pk=team.manager.pk).exclude(enrollments__course=course).get(is_active=True)
    assert [one.learner for one in enroll_team(team, course, due_on=None, by=team.manager)] == [fresh]
    assert enroll_team(team, course, due_on=FRIDAY, by=team.manager) == []
    assert Enrollment.objects.count() == 4


def test_someone_in_two_teams_is_enrolled_once():
    course, centre = make_course(), make_team(learners=1)
    below = make_team(parent=centre, time_zone="Europe/Berlin")
    join(below, centre.people.exclude(pk=centre.manager.pk).get())
    assert [one.due_at for one in enroll_team(centre, course, due_on=FRIDAY, by=None)] == [END_OF_FRIDAY]


@pytest.mark.parametrize("is_met", [False, True])
def test_people_are_written_by_their_keys_whatever_team_so_that_two_orders_wait_for_each_other_in_no_circle(
    monkeypatch, is_met
):
    if is_met:  # somebody else is enrolling one of them at the same moment
        monkeypatch.setattr(Enrollment.objects, "bulk_create", refused)
    people, course, written = [make_user() for _ in range(4)], make_course(), []
    for team, joining in ((make_team(), people[:2]), (make_team(), reversed(people))):
        for person in joining:
            join(team, person)
        written.append([new.learner for new in enroll_team(team, course, due_on=None, by=None)])
    assert written == [people[:2], people[2:]]


def refused(new):
    raise IntegrityError


def test_a_team_is_enrolled_a_batch_at_a_time_and_each_batch_stands_by_itself(monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 2)
    course, team, admin = make_course(), make_team(learners=5), make_admin()
    order = begin_enrolling([team], course, due_on=FRIDAY)
    assert (people_pending(order), Enrollment.objects.count()) == (5, 0)
    seen = []
    for _ in range(4):  # once more than there is to do
        order = enroll_next(order, by=admin)
        seen.append((order.enrolled, people_pending(order), Enrollment.objects.count(), order.finished_at is not None))
    assert seen == [(2, 3, 2, False), (4, 1, 4, False), (5, 0, 5, True), (5, 0, 5, True)]
    assert Event.objects.filter(verb="enrolled", actor=admin).count() == 5
    assert verify() == []


def test_an_order_that_is_not_finished_is_taken_up_again_by_an_equal_one_only():
    course, team, other = make_course(), make_team(learners=1), make_team(learners=1)
    order = begin_enrolling([team], course, due_on=FRIDAY)
    assert begin_enrolling([team], course, due_on=FRIDAY) == order
    assert begin_enrolling([team, other], course, due_on=FRIDAY) != order
    assert begin_enrolling([team], course, due_on=None) != order
    enroll_next(order, by=None)
    assert begin_enrolling([team], course, due_on=FRIDAY) != order


def test_who_joins_or_is_enrolled_between_two_batches_is_seen(monkeypatch):
    monkeypatch.setattr(enrolling, "BATCH", 1)
    course, team = make_course(), make_team(learners=2)
    order = enroll_next(begin_enrolling([team], course, due_on=FRIDAY), by=None)
    [second] = team.people.exclude(pk=team.manager.pk).exclude(enrollments__course=course)
    enroll(second, course)
    newcomer = make_user()
    join(team, newcomer)
    order = enroll_next(order, by=None)
    assert (order.enrolled, order.finished_at is not None) == (2, True)
    assert Enrollment.objects.get(learner=second).due_at is None
    assert Enrollment.objects.get(learner=newcomer).due_at == END_OF_FRIDAY


def test_somebody_enrolled_at_the_same_moment_is_enrolled_once(monkeypatch):
    course, team = make_course(), make_team(learners=3)
    first = team.people.exclude(pk=team.manager.pk).first()
    order = begin_enrolling([team], course, due_on=FRIDAY)
    begin_many = enrolling.begin_many

    def late(dues, course, at):
        enroll(first, course)
        return begin_many(dues, course, at)

    monkeypatch.setattr(enrolling, "begin_many", late)
    order = enroll_next(order, by=None)
    assert (order.enrolled, order.finished_at is not None) == (2, True)
    assert Event.objects.filter(verb="enrolled").count() == Enrollment.objects.count() == 3


@pytest.mark.parametrize("learners", [1, 3, 40])
def test_a_batch_costs_the_same_for_any_number_of_people(learners, django_assert_num_queries):
    order = begin_enrolling([make_team(learners=learners)], make_course(), due_on=FRIDAY)
    record("opened", subject="door:1")
    # Two savepoints: 4; order, its teams, those below, people, who is certified, posts chosen before, enrollments,
    # whether anybody is left, order; lines of the tray: 1; letters: 3; the log: 3.
    # And on PostgreSQL the lock of who is certified and counted, twice.
    with transaction.atomic(), django_assert_num_queries(23 + 2 * (connection.vendor == "postgresql")):
        enroll_next(order, by=None)


@pytest.mark.parametrize(
    "zone", ["Africa/Cairo", "America/New_York", "America/Santiago", "Asia/Beirut", "Europe/Berlin", "Asia/Shanghai"]
)
def test_a_day_before_a_midnight_that_does_not_exist_is_shown_as_it_was_chosen(zone):
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(366)]
    shown = [dates.due_date(dates.due_instant(day, ZoneInfo(zone)).astimezone(UTC), ZoneInfo(zone)) for day in days]
    assert shown == days


def test_extending_moves_the_due_day_and_logs_both():
    enrollment = make_enrollment(due_at=END_OF_FRIDAY)
    admin = make_admin()
    made = [extend(enrollment, FRIDAY + timedelta(days=7), by=admin) for _ in range(2)]
    assert [bool(each) for each in made] == [True, False]
    enrollment.refresh_from_db()
    assert enrollment.due_at == END_OF_FRIDAY + timedelta(days=7)
    [event] = Event.objects.filter(verb="extended")
    assert (event.actor, event.subject) == (admin, f"enrollment:{enrollment.pk}")
    assert event.data == {"from": "2026-11-27T16:00:00Z", "to": "2026-12-04T16:00:00Z"}


@pytest.mark.parametrize("closed", ["completed_at", "exempted_at"])
def test_what_is_closed_is_not_extended(closed):
    enrollment = make_enrollment(due_at=END_OF_FRIDAY, **{closed: END_OF_FRIDAY})
    with pytest.raises(EnrollmentClosed):
        extend(enrollment, FRIDAY + timedelta(days=1), by=None)
    enrollment.refresh_from_db()
    assert enrollment.due_at == END_OF_FRIDAY


def test_waiving_twice_keeps_the_first_reason_and_logs_once():
    enrollment = make_enrollment()
    assert exempt(enrollment, "moved to the warehouse", by=None, at=END_OF_FRIDAY)
    assert not exempt(enrollment, "another", by=None)
    enrollment.refresh_from_db()
    assert (enrollment.exempted_at, enrollment.exemption_reason) == (END_OF_FRIDAY, "moved to the warehouse")
    assert Event.objects.filter(verb="waived").count() == 1


def test_a_completed_run_cannot_be_waived():
    enrollment = make_enrollment(completed_at=END_OF_FRIDAY)
    with pytest.raises(EnrollmentClosed):
        exempt(enrollment, "late", by=None)
    enrollment.refresh_from_db()
    assert enrollment.exempted_at is None


PEOPLE, COURSES = 6 * BATCH, 4


def rows_touched(queryset):
    """By all steps of the plan: those that were handed on, and those that were read and left out."""
    with connection.cursor() as cursor:
        for choice in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):  # as it chooses by itself in a large firm
            cursor.execute(f"SET LOCAL enable_{choice} = off")
        sql, values = queryset.query.sql_with_params()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        (said,) = cursor.fetchone()
    steps, found = [(json.loads(said) if isinstance(said, str) else said)[0]["Plan"]], 0
    while steps:
        step = steps.pop()
        steps += step.get("Plans", [])
        told = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
        found += step["Actual Loops"] * sum(step.get(name, 0) for name in told)
    return found


@pytest.mark.django_db
def test_who_is_not_enrolled_yet_is_found_without_comparing_everybody_with_everybody():
    if connection.vendor != "postgresql":
        pytest.skip("the plans are those of PostgreSQL")
    new = make_course()
    team = make_team(learners=PEOPLE)
    others = [Course.objects.create(identifier=f"other-{number}") for number in range(COURSES)]
    people = team.memberships.filter(role="learner").values_list("person", flat=True)
    for course in others:
        Enrollment.objects.bulk_create(Enrollment(learner_id=person, course=course) for person in people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # of a time when nobody was in the new course
    order = begin_enrolling([team], new, due_on=None)
    for _ in range(PEOPLE // BATCH - 1):
        order = enroll_next(order, by=None)
    assert people_pending(order) == BATCH
    # A person has a row, a membership and a run in each course; each step of the plan may touch them once.
    assert rows_touched(waiting_for(order).order_by("pk")) < PEOPLE * (COURSES + 3) * 4


DAY = date(2026, 11, 27)
LAST_MOMENT = datetime(2026, 11, 27, 15, 59, tzinfo=UTC)  # a minute before midnight in Shanghai
OVER = "The due date has passed, so new enrollments would be overdue at once."


@pytest.fixture
def order(client, monkeypatch, time_machine):
    """Two of three people were enrolled, and then nobody looked after it until the day was over."""
    monkeypatch.setattr(enrolling, "BATCH", 2)
    time_machine.move_to(LAST_MOMENT, tick=False)
    order = begin_enrolling([make_team(learners=3)], make_course(), due_on=DAY)
    enroll_next(order, by=None)
    time_machine.move_to(LAST_MOMENT + timedelta(minutes=2), tick=False)
    client.force_login(make_admin(language="en"))
    return order


def address(order):
    return reverse("admin:enroll-team", args=[order.pk])


def shown(response):
    return BeautifulSoup(response.content, "html.parser").select_one("#enrolling")


def due_days():
    return sorted(enrollment.due_on for enrollment in Enrollment.objects.with_zone())


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["by hand", "automatically"])
def test_it_enrolls_nobody_more_and_asks_for_another_day(client, order, headers):
    for response in (client.get(address(order), headers=headers), client.post(address(order), headers=headers)):
        form = shown(response)
        assert OVER in form.text
        assert form.select_one("input[name=due_on]")
        assert not form.has_attr("hx-post"), "it would go on by itself"
    assert due_days() == [DAY, DAY]


def test_with_another_day_those_who_are_left_are_enrolled_and_the_others_keep_theirs(client, order):
    assert client.post(address(order), {"due_on": "2026-12-04"}).status_code == 302
    page = shown(client.get(address(order)))
    assert OVER not in page.text and page.has_attr("hx-post")
    client.post(address(order))
    assert due_days() == [DAY, DAY, date(2026, 12, 4)]


@pytest.mark.parametrize("day", ["2026-11-27", "", "tomorrow", "2100-01-01"])
def test_a_day_that_is_over_or_none_is_refused(client, order, day):
    response = client.post(address(order), {"due_on": day})
    assert (response.status_code, due_days()) == (422, [DAY, DAY])
    assert shown(response).select(".errorlist a[href='#id_due_on']")


def test_a_day_that_is_sent_along_while_the_first_still_holds_changes_nothing(client, order, time_machine):
    time_machine.move_to(LAST_MOMENT, tick=False)
    client.post(address(order), {"due_on": "2026-12-04"})
    assert due_days() == [DAY] * 3


@pytest.mark.parametrize(
    "due_on, at, expected",
    [
        (DAY, LAST_MOMENT, False),
        (DAY, LAST_MOMENT + timedelta(minutes=1), True),
        (None, LAST_MOMENT + timedelta(days=1), False),
    ],
)
def test_a_day_is_over_at_midnight_on_the_clock_of_the_site(due_on, at, expected):
    order = begin_enrolling([make_team(learners=1)], make_course(), due_on=due_on)
    assert is_day_over(order, at) == expected


def test_a_finished_order_stays_as_it_is(order):
    enroll_next(order, by=None)
    set_due_date(order, DAY + timedelta(days=7))
    order.refresh_from_db()
    assert (order.due_on, is_day_over(order)) == (DAY, False)


def excused(enrollment):
    exempt(enrollment, "moved", by=None)
    return enrollment


def newest():
    return set(Enrollment.objects.newest())


def test_a_new_run_makes_the_one_before_it_a_former_one_and_nobody_elses():
    course, learner = make_course(), make_user()
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    elsewhere, beside = enroll(learner, make_course(other)), enroll(make_user(), course)
    first = enroll(learner, course)
    assert newest() == {elsewhere, beside, first}
    exempt(first, "moved", by=None)
    second = enroll(learner, course)
    assert newest() == {elsewhere, beside, second}
    exempt(second, "moved", by=None)
    third = enroll(learner, course)
    assert newest() == {elsewhere, beside, third}


def test_changing_a_former_run_does_not_make_it_the_newest():
    course, learner = make_course(), make_user()
    first = excused(enroll(learner, course))
    second = enroll(learner, course)
    first.refresh_from_db()
    first.save()
    assert newest() == {second}


def test_the_database_takes_no_second_newest_run_of_a_person_in_a_course():
    first = excused(enroll(make_user(), make_course()))
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.bulk_create([Enrollment(learner=first.learner, course=first.course)])


@pytest.mark.django_db(transaction=True)
def test_where_a_new_run_fails_the_one_before_it_stays_the_newest(monkeypatch):
    first = excused(enroll(make_user(), make_course()))
    with pytest.raises(ValueError, match="the log is away"), monkeypatch.context() as patched:
        patched.setattr("courseware.learning.enrollments.enrollment.record_many", refuse)
        enroll(first.learner, first.course, at=timezone.now())
    assert newest() == {first}


def refuse(*args):
    raise ValueError("the log is away")
