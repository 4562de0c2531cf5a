"""Due dates keep their day when the time zone of a learner changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from courseware.accounts.models import Absence, Membership, User
from courseware.accounts.teams.memberships import end_membership, move
from courseware.accounts.teams.teams import change_team, close_team
from courseware.hr.people.account_merge import merge, undo_merge
from courseware.learning.due_dates.absence_shifts import record_absence, settle_all
from courseware.learning.due_dates.extensions import last_request, request_extension
from courseware.learning.due_dates.time_zone_changes import keep_due_days, same_day
from courseware.learning.enrollments.adjustments import undo
from courseware.learning.enrollments.enrollment import extend
from courseware.learning.models import AbsenceShift, AdjustmentItem, Enrollment
from courseware.learning.status import headcount_updates
from courseware.lib import dates
from courseware.reporting.integrity.check_all import differences
from tests.making import days, join, make_course, make_enrollment, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
EAST, WEST = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
AGREED = date(2030, 3, 8)
FIRST, LAST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")  # 25 hours apart, the maximum
# Moves that would make the date later, earlier, or differ by more than 1 day.
ZONES = [(EAST, WEST), (WEST, EAST), (FIRST, LAST), (LAST, FIRST)]


@pytest.fixture
def hr():
    return make_hr()


def team_in(zone):
    return make_team(time_zone=str(zone))


def learner_in(team, **fields):
    person = make_user()
    join(team, person)
    return make_enrollment(person, due_at=dates.due_instant(AGREED, team.zone), **fields)


def run_pending_tasks():
    """Run the enqueued tasks twice, newest first."""
    pending = DBTaskResult.objects.filter(task_path__endswith="keep_due_days").order_by("-enqueued_at")
    for people, before in [row.args_kwargs["args"] for row in pending] * 2:
        keep_due_days.call(people, before)
    pending.delete()


def due_date_and_zone(row):
    row = Enrollment.objects.get(pk=row.pk)
    return row.due_on, row.due_at == dates.due_instant(row.due_on, row.zone), str(row.zone)


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_move_to_team_in_other_zone_keeps_due_date(hr, before, after):
    enrollment, other = learner_in(team_in(before)), learner_in(team_in(before))
    done = make_enrollment(enrollment.learner, make_course(), due_at=enrollment.due_at, completed_at=days(-1))
    move(enrollment.learner, team_in(after), by=hr)
    run_pending_tasks()
    assert due_date_and_zone(enrollment) == due_date_and_zone(done) == (AGREED, True, str(after))
    assert due_date_and_zone(other) == (AGREED, True, str(before))
    headcount_updates.compact_headcounts()
    assert [item for item in differences() if "people at" in item or "urgency" in item] == []


@pytest.mark.parametrize("change", ["closed", "zone", "left"])
@pytest.mark.parametrize(("before", "after"), ZONES)
def test_closed_changed_or_left_team_keeps_due_date(hr, change, before, after):
    team, other = team_in(before), team_in(after)
    enrollment = learner_in(team)
    if change == "closed":
        close_team(team, to=other, by=hr)
    elif change == "zone":
        team.time_zone = str(after)
        change_team(team, ["time_zone"], by=hr)
    else:
        join(other, enrollment.learner)
        end_membership(enrollment.learner, Membership.objects.get(person=enrollment.learner, team=team).pk, by=hr)
    run_pending_tasks()
    assert due_date_and_zone(enrollment) == (AGREED, True, str(after))


def test_unchanged_zone_or_learner_team_enqueues_nothing(hr):
    enrollment = learner_in(team_in(EAST))
    join(team_in(WEST), enrollment.learner)  # a second team
    join(team_in(WEST), enrollment.learner, Membership.Role.MANAGER)
    move(make_user(), team_in(WEST), by=hr)  # without due date
    move(enrollment.learner, team_in(EAST), by=hr)
    assert not DBTaskResult.objects.filter(task_path__endswith="keep_due_days").exists()
    assert Enrollment.objects.get().due_at == enrollment.due_at


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_extension_can_be_undone_after_move(hr, before, after):
    enrollment = learner_in(team_in(before))
    adjustment = extend(enrollment, date(2030, 4, 1), by=hr)
    move(enrollment.learner, team_in(after), by=hr)
    run_pending_tasks()
    [item] = AdjustmentItem.objects.all()
    assert (item.due_on_before, item.due_on) == (AGREED, date(2030, 4, 1))
    undo(adjustment, [item], by=hr)
    assert due_date_and_zone(enrollment) == (AGREED, True, str(after))


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_open_extension_request_keeps_its_date(hr, before, after):
    enrollment = learner_in(team_in(before))
    request = request_extension(enrollment, AGREED + timedelta(days=1))
    move(enrollment.learner, team_in(after), by=hr)
    run_pending_tasks()
    request.refresh_from_db()
    assert (request.day, request.until) == (AGREED + timedelta(days=1), dates.due_instant(request.day, after))
    assert last_request(enrollment).is_open


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_absence_keeps_its_days_and_its_shift(hr, before, after):
    enrollment = learner_in(team_in(before))
    absence = record_absence(enrollment.learner, date(2030, 3, 4), date(2030, 3, 5), by=hr)
    later = due_date_and_zone(enrollment)[0]
    assert later > AGREED
    move(enrollment.learner, team_in(after), by=hr)
    run_pending_tasks()
    assert due_date_and_zone(enrollment) == (later, True, str(after))
    assert AbsenceShift.objects.get().given_at == dates.due_instant(AGREED, after)
    found = Absence.objects.get(pk=absence.pk)
    assert (found.begins_at, found.ends_at) == (
        dates.due_instant(date(2030, 3, 3), after), dates.due_instant(date(2030, 3, 5), after),
    )  # fmt: skip


@pytest.mark.parametrize("absence", [(date(2030, 2, 20), date(2030, 2, 28)), (date(2030, 2, 27), date(2030, 3, 5))])
@pytest.mark.parametrize(("before", "after"), ZONES)
def test_result_is_same_if_absence_is_settled_before_due_dates(hr, before, after, absence, time_machine):
    time_machine.move_to(datetime(2030, 2, 19, 12, tzinfo=UTC), tick=False)
    enrollments = [learner_in(team_in(before), enrolled_at=days(-20)) for _ in range(2)]
    for enrollment in enrollments:
        record_absence(enrollment.learner, *absence, by=hr)
    time_machine.move_to(datetime(2030, 3, 2, 12, tzinfo=UTC), tick=False)  # one absence is over, the other has begun
    for enrollment in enrollments:
        move(enrollment.learner, team_in(after), by=hr)
        if enrollment is enrollments[0]:
            settle_all()
        run_pending_tasks()
    settle_all()
    moved, same = (due_date_and_zone(enrollment) for enrollment in enrollments)
    assert moved == same and moved[0] > AGREED
    first, second = AbsenceShift.objects.order_by("enrollment").values("given_at", "moved_to", "days")
    assert first == second


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_merge_moves_due_date_to_new_zone_and_undo_restores_it(hr, before, after):
    enrollment, remaining = learner_in(team_in(before)), make_user()
    join(team_in(after), remaining)
    row = merge(remaining, enrollment.learner, by=hr)
    assert due_date_and_zone(enrollment) == (AGREED, True, str(after))
    undo_merge(row, by=hr)
    assert Enrollment.objects.get().due_at == enrollment.due_at


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_move_is_handled_after_merge_or_its_undo(hr, before, after):
    enrollment, remaining = learner_in(team_in(before)), make_user()
    join(team_in(before), remaining)
    move(enrollment.learner, team_in(after), by=hr)
    row = merge(remaining, enrollment.learner, by=hr)
    run_pending_tasks()
    assert due_date_and_zone(enrollment) == (AGREED, True, str(before))
    move(remaining, team_in("Europe/Berlin"), by=hr)
    undo_merge(row, by=hr)
    run_pending_tasks()
    assert due_date_and_zone(enrollment) == (AGREED, True, str(after))


def test_several_moves_end_in_last_zone_in_any_order(hr):
    zones = [str(EAST), str(WEST), "Europe/Berlin"]
    for order in permutations(zones[:2]):
        enrollment = learner_in(team_in(EAST))
        for zone in zones[1:]:
            move(enrollment.learner, team_in(zone), by=hr)
        for before in order:
            keep_due_days.call([enrollment.learner_id], before)
        assert due_date_and_zone(enrollment) == (AGREED, True, zones[2])
    DBTaskResult.objects.all().delete()


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Africa/Cairo", date(2026, 4, 23)),  # no midnight
        ("America/Santiago", date(2026, 9, 5)),
        ("America/Havana", date(2026, 10, 31)),  # midnight twice
    ],
)
def test_due_date_survives_clock_changes(zone, day):
    local_zone, instant = ZoneInfo(zone), dates.due_instant(day, ZoneInfo(zone)).astimezone(UTC)
    moved = same_day(instant, local_zone, EAST)
    assert (dates.due_date(moved, EAST), same_day(moved, EAST, local_zone)) == (day, instant)
    assert dates.due_instant(day, local_zone) == instant


def test_instant_within_day_is_unchanged():
    instant = days(3).replace(hour=5, minute=7)
    assert same_day(instant, EAST, WEST) == instant


def test_query_count_is_same_for_3_courses_and_1(hr):
    def statements(number):
        person, team = make_user(), team_in(EAST)
        join(team, person)
        agreed = {"due_at": dates.due_instant(AGREED, EAST)}
        for _ in range(number - 1):
            make_enrollment(person, completed_at=days(-1), **agreed)
        enrollment = make_enrollment(person, **agreed)
        move(enrollment.learner, team_in(WEST), by=hr)
        with CaptureQueriesContext(connection) as queries:
            keep_due_days.call([enrollment.learner_id], str(EAST))
        return len(queries)

    assert statements(1) == statements(3)


def test_deleted_person_is_ignored():
    keep_due_days.call([User.objects.count() + 99], str(EAST))
