"""Due days of somebody whose accounts are merged: they follow the absences of the account that stays, at once."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from courseware.assignments.merging import merge, undo_merge
from courseware.learning.models import Enrollment
from courseware.learning.postponing import mark_away, settle_all
from courseware.lib import dates
from courseware.reporting.consistency import differences
from tests.making import make_course, make_enrollment, make_hr, make_user

ZONE = ZoneInfo("Asia/Shanghai")
GIVEN = date(2026, 11, 25)


def november(day):
    return date(2026, 11, day)


@pytest.fixture
def clock(db):
    make_course()
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=ZONE), tick=False) as clock:
        yield clock


def on(clock, day):
    clock.move_to(datetime.combine(day, datetime.min.time().replace(hour=9), tzinfo=ZONE))
    settle_all()


def due_on(run):
    return Enrollment.objects.get(pk=run.pk).due_on


def given(person):
    return make_enrollment(
        person, due_at=dates.due_instant(GIVEN, ZONE), enrolled_at=datetime(2026, 11, 2, tzinfo=ZONE)
    )


def test_who_is_away_by_the_account_that_stays_is_not_late_in_a_run_of_the_other_one(clock):
    kept, other, hr = make_user(), make_user(), make_hr()
    run = given(other)
    mark_away(other, november(3), november(4), by=hr)
    on(clock, november(5))
    mark_away(kept, november(23), november(27), by=hr)
    on(clock, november(24))
    assert due_on(run) == november(27)
    row = merge(kept, other, by=hr)
    assert due_on(run) == date(2026, 12, 2)
    undo_merge(row, by=hr)
    assert due_on(run) == november(27)
    assert list(differences()) == []


def test_what_the_absences_of_the_account_that_stays_have_moved_is_moved_back_when_it_is_undone(clock):
    kept, other, hr = make_user(), make_user(), make_hr()
    run = given(other)
    row = merge(kept, other, by=hr)
    mark_away(kept, november(2), november(4), by=hr)
    assert due_on(run) == november(30)
    undo_merge(row, by=hr)
    assert due_on(run) == GIVEN
    assert list(differences()) == []
