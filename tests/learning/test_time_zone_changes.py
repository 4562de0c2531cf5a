"""The day that somebody was told stays, whichever clock ends it from now on."""

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
TOLD = date(2030, 3, 8)
FIRST, LAST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")  # no two are further apart: 25 hours
# A move that would make the day a later one, an earlier one, one by more than a day.
ZONES = [(EAST, WEST), (WEST, EAST), (FIRST, LAST), (LAST, FIRST)]


@pytest.fixture
def hr():
    return make_hr()


def team_in(zone):
    return make_team(time_zone=str(zone))


def learner_in(team, **fields):
    person = make_user()
    join(team, person)
    return make_enrollment(person, due_at=dates.due_instant(TOLD, team.zone), **fields)


def followed():
    """Does what was enqueued, twice, and the last first."""
    wanted = DBTaskResult.objects.filter(task_path__endswith="keep_due_days").order_by("-enqueued_at")
    for people, before in [row.args_kwargs["args"] for row in wanted] * 2:
        keep_due_days.call(people, before)
    wanted.delete()


def stands(run):
    run = Enrollment.objects.get(pk=run.pk)
    return run.due_on, run.due_at == dates.due_instant(run.due_on, run.zone), str(run.zone)


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_who_moves_has_the_same_day_to_its_end_in_the_new_zone(hr, before, after):
    run, beside = learner_in(team_in(before)), learner_in(team_in(before))
    done = make_enrollment(run.learner, make_course(), due_at=run.due_at, completed_at=days(-1))
    move(run.learner, team_in(after), by=hr)
    followed()
    assert stands(run) == stands(done) == (TOLD, True, str(after))
    assert stands(beside) == (TOLD, True, str(before))
    headcount_updates.compact_headcounts()
    assert [line for line in differences() if "people at" in line or "urgency" in line] == []


@pytest.mark.parametrize("how", ["closed", "zone", "left"])
@pytest.mark.parametrize(("before", "after"), ZONES)
def test_also_where_the_team_closes_has_another_zone_or_is_left_for_the_one_joined_next(hr, how, before, after):
    team, other = team_in(before), team_in(after)
    run = learner_in(team)
    if how == "closed":
        close_team(team, to=other, by=hr)
    elif how == "zone":
        team.time_zone = str(after)
        change_team(team, ["time_zone"], by=hr)
    else:
        join(other, run.learner)
        end_membership(run.learner, Membership.objects.get(person=run.learner, team=team).pk, by=hr)
    followed()
    assert stands(run) == (TOLD, True, str(after))


def test_nothing_is_asked_of_a_worker_where_the_zone_or_the_place_to_learn_stays(hr):
    run = learner_in(team_in(EAST))
    join(team_in(WEST), run.learner)  # beside the one joined first
    join(team_in(WEST), run.learner, Membership.Role.MANAGER)
    move(make_user(), team_in(WEST), by=hr)  # who has no due day
    move(run.learner, team_in(EAST), by=hr)
    assert not DBTaskResult.objects.filter(task_path__endswith="keep_due_days").exists()
    assert Enrollment.objects.get().due_at == run.due_at


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_a_day_given_by_hand_keeps_its_undo(hr, before, after):
    run = learner_in(team_in(before))
    adjustment = extend(run, date(2030, 4, 1), by=hr)
    move(run.learner, team_in(after), by=hr)
    followed()
    [line] = AdjustmentItem.objects.all()
    assert (line.due_on_before, line.due_on) == (TOLD, date(2030, 4, 1))
    undo(adjustment, [line], by=hr)
    assert stands(run) == (TOLD, True, str(after))


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_a_day_that_is_asked_for_is_asked_for_in_the_new_zone(hr, before, after):
    run = learner_in(team_in(before))
    request = request_extension(run, TOLD + timedelta(days=1))
    move(run.learner, team_in(after), by=hr)
    followed()
    request.refresh_from_db()
    assert (request.day, request.until) == (TOLD + timedelta(days=1), dates.due_instant(request.day, after))
    assert last_request(run).is_standing


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_an_absence_is_of_the_same_days_and_moves_the_day_on_from_the_one_that_was_told(hr, before, after):
    run = learner_in(team_in(before))
    away = record_absence(run.learner, date(2030, 3, 4), date(2030, 3, 5), by=hr)
    later = stands(run)[0]
    assert later > TOLD
    move(run.learner, team_in(after), by=hr)
    followed()
    assert stands(run) == (later, True, str(after))
    assert AbsenceShift.objects.get().given_at == dates.due_instant(TOLD, after)
    found = Absence.objects.get(pk=away.pk)
    assert (found.begins_at, found.ends_at) == (
        dates.due_instant(date(2030, 3, 3), after), dates.due_instant(date(2030, 3, 5), after),
    )  # fmt: skip


@pytest.mark.parametrize("away", [(date(2030, 2, 20), date(2030, 2, 28)), (date(2030, 2, 27), date(2030, 3, 5))])
@pytest.mark.parametrize(("before", "after"), ZONES)
def test_it_comes_to_the_same_where_an_absence_is_followed_between_the_move_and_the_day(
    hr, before, after, away, time_machine
):
    time_machine.move_to(datetime(2030, 2, 19, 12, tzinfo=UTC), tick=False)
    runs = [learner_in(team_in(before), enrolled_at=days(-20)) for _ in range(2)]
    for run in runs:
        record_absence(run.learner, *away, by=hr)
    time_machine.move_to(datetime(2030, 3, 2, 12, tzinfo=UTC), tick=False)  # the one is over, the other under way
    for run in runs:
        move(run.learner, team_in(after), by=hr)
        if run is runs[0]:
            settle_all()
        followed()
    settle_all()
    moved, same = (stands(run) for run in runs)
    assert moved == same and moved[0] > TOLD
    first, second = AbsenceShift.objects.order_by("enrollment").values("given_at", "moved_to", "days")
    assert first == second


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_a_merge_takes_the_day_along_and_brings_it_back(hr, before, after):
    run, kept = learner_in(team_in(before)), make_user()
    join(team_in(after), kept)
    row = merge(kept, run.learner, by=hr)
    assert stands(run) == (TOLD, True, str(after))
    undo_merge(row, by=hr)
    assert Enrollment.objects.get().due_at == run.due_at


@pytest.mark.parametrize(("before", "after"), ZONES)
def test_a_move_that_is_followed_only_after_a_merge_or_its_undoing_is_followed_all_the_same(hr, before, after):
    run, kept = learner_in(team_in(before)), make_user()
    join(team_in(before), kept)
    move(run.learner, team_in(after), by=hr)
    row = merge(kept, run.learner, by=hr)
    followed()
    assert stands(run) == (TOLD, True, str(before))
    move(kept, team_in("Europe/Berlin"), by=hr)
    undo_merge(row, by=hr)
    followed()
    assert stands(run) == (TOLD, True, str(after))


def test_moves_in_a_row_come_to_the_last_one_in_whichever_order_they_are_followed(hr):
    zones = [str(EAST), str(WEST), "Europe/Berlin"]
    for order in permutations(zones[:2]):
        run = learner_in(team_in(EAST))
        for zone in zones[1:]:
            move(run.learner, team_in(zone), by=hr)
        for before in order:
            keep_due_days.call([run.learner_id], before)
        assert stands(run) == (TOLD, True, zones[2])
    DBTaskResult.objects.all().delete()


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Africa/Cairo", date(2026, 4, 23)),  # midnight is left out
        ("America/Santiago", date(2026, 9, 5)),
        ("America/Havana", date(2026, 10, 31)),  # and here it comes twice
    ],
)
def test_also_a_day_that_ends_as_clocks_change_stays(zone, day):
    there, kept_as = ZoneInfo(zone), dates.due_instant(day, ZoneInfo(zone)).astimezone(UTC)
    moved = same_day(kept_as, there, EAST)
    assert (dates.due_date(moved, EAST), same_day(moved, EAST, there)) == (day, kept_as)
    assert dates.due_instant(day, there) == kept_as


def test_an_instant_that_ends_no_day_stays():
    odd = days(3).replace(hour=5, minute=7)
    assert same_day(odd, EAST, WEST) == odd


def test_as_many_statements_for_one_course_as_for_three(hr):
    def statements(number):
        person, team = make_user(), team_in(EAST)
        join(team, person)
        told = {"due_at": dates.due_instant(TOLD, EAST)}
        for _ in range(number - 1):
            make_enrollment(person, completed_at=days(-1), **told)
        run = make_enrollment(person, **told)
        move(run.learner, team_in(WEST), by=hr)
        with CaptureQueriesContext(connection) as made:
            keep_due_days.call([run.learner_id], str(EAST))
        return len(made)

    assert statements(1) == statements(3)


def test_who_has_gone_meanwhile_is_nobody():
    keep_due_days.call([User.objects.count() + 99], str(EAST))
