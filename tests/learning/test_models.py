"""Enrollment states: the same rule for querysets and single rows, around every limit."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.db.models import Q
from django.db.models.expressions import Col

from courseware.accounts.models import User
from courseware.content.models import Course
from courseware.learning.due_dates.due_dates import due_of
from courseware.learning.models import HEADCOUNT_COLUMNS, Enrollment, NotPublished
from courseware.learning.status.certification_status import CertificationStatus, status_of
from courseware.learning.status.states import DUE_SOON, PLACES_WITHOUT_DAY, URGENCY, urgency_of
from tests.making import join, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
DUE = datetime(2026, 11, 28, tzinfo=ZoneInfo("Asia/Shanghai"))  # due date: the 27th
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
EARLIER = DUE.date() - DAY
THREE_DAYS = timedelta(days=3)
State = Enrollment.State


@pytest.mark.parametrize(
    "fields, at, state",
    [
        ({"due_at": DUE}, DUE - SECOND, State.DUE_SOON),
        ({"due_at": DUE}, DUE, State.OVERDUE),
        ({"due_at": DUE}, DUE + SECOND, State.OVERDUE),
        ({"due_at": DUE}, DUE - THREE_DAYS - SECOND, State.NOT_STARTED),
        ({"due_at": DUE}, DUE - THREE_DAYS, State.DUE_SOON),
        ({"due_at": DUE}, DUE - THREE_DAYS + SECOND, State.DUE_SOON),
        ({"due_at": DUE, "started_at": DUE}, DUE - THREE_DAYS - SECOND, State.IN_PROGRESS),
        ({}, DUE, State.NOT_STARTED),
        ({"started_at": DUE}, DUE, State.IN_PROGRESS),
        ({"certified_until": EARLIER}, DUE, State.NOT_STARTED),
        ({"certified_until": DUE.date()}, DUE, State.RENEWING),
        ({"started_at": DUE, "certified_until": DUE.date()}, DUE + DAY - SECOND, State.RENEWING),
        ({"started_at": DUE, "certified_until": DUE.date()}, DUE + DAY, State.IN_PROGRESS),
        ({"due_at": DUE, "certified_until": DUE.date()}, DUE, State.OVERDUE),
        ({"due_at": DUE, "certified_until": DUE.date()}, DUE - THREE_DAYS, State.DUE_SOON),
        ({"due_at": DUE, "certified_until": DUE.date()}, DUE - THREE_DAYS - SECOND, State.RENEWING),
        ({"exempted_at": DUE, "certified_until": DUE.date()}, DUE, State.EXEMPT),
        ({"due_at": DUE, "completed_at": DUE + SECOND}, DUE + SECOND, State.COMPLETED),
        ({"due_at": DUE, "exempted_at": DUE}, DUE, State.EXEMPT),
        ({"completed_at": DUE, "exempted_at": DUE}, DUE, State.COMPLETED),
    ],
)
def test_state_changes_at_exact_instants(fields, at, state):
    enrollment = make_enrollment(**fields)
    found = Enrollment.objects.with_state(at=at).get()
    is_late = state == State.OVERDUE
    assert (found.state, enrollment.state_at(at)) == (state, state)
    due = due_of(enrollment, at)
    if state in (State.COMPLETED, State.EXEMPT) or not enrollment.due_at:
        assert due is None
    else:
        assert (due.is_overdue, due.is_soon) == (is_late, state == State.DUE_SOON)


INSTANTS = [
    None,
    *(DUE + away for away in (-DUE_SOON - SECOND, -DUE_SOON, -SECOND, timedelta(0), SECOND, DUE_SOON, 9 * DUE_SOON)),
]


@pytest.mark.slow
def test_queryset_and_row_agree_on_state_at_all_limits():
    course, fields = make_course(), ("certified_until", "due_at", "started_at", *PLACES_WITHOUT_DAY)
    ends = (None, EARLIER, DUE.date())
    unset_or_set = [[None, DUE]] * len(fields[2:])
    dates = [dict(zip(fields, row, strict=True)) for row in itertools.product(ends, INSTANTS, *unset_or_set)]
    people = User.objects.bulk_create(User(email=f"{number}@example.com") for number, _row in enumerate(dates))
    Enrollment.objects.bulk_create(
        Enrollment(learner=person, course=course, **row) for person, row in zip(people, dates, strict=True)
    )
    states = set()
    for at in INSTANTS[1:]:
        found = list(Enrollment.objects.with_state(at=at).with_zone().order_by("pk"))
        assert [row.state for row in found] == [row.state_at(at) for row in found]
        assert [row.urgency for row in found] == [urgency_of(row) for row in found]
        for state in State:
            assert list(Enrollment.objects.in_state(state, at).order_by("pk")) == [
                row for row in found if row.state == state
            ]
        assert [row.is_asked for row in found] == [State(row.state).is_asked for row in found]
        states |= {row.state for row in found}
    assert states == set(State)
    assert Enrollment.objects.open().count() == len(dates) // 4


def columns_in(condition):
    for part in condition.children:
        if isinstance(part, Q):
            yield from columns_in(part)
        else:
            yield part[0].partition("__")[0]


def columns_below(expression):
    for part in expression.get_source_expressions():
        if isinstance(part, Col):
            yield part.target.name
        elif part is not None:
            yield from columns_below(part)


def test_every_column_that_states_read_updates_headcounts():
    read = {column for state in State for column in columns_in(state.condition(DUE))}
    read |= set(columns_below(URGENCY.resolve_expression(Enrollment.objects.all().query)))
    # `urgency` is generated and `certified_until` is never saved: see `headcount_key_before`.
    assert read - {"urgency", "certified_until"} <= HEADCOUNT_COLUMNS


def test_urgency_sorts_by_due_date_and_closed_last():
    exempted, done, undated = make_enrollment(exempted_at=DUE), make_enrollment(completed_at=DUE), make_enrollment()
    later, earlier = make_enrollment(due_at=DUE + SECOND, started_at=DUE), make_enrollment(due_at=DUE)
    far_off = make_enrollment(due_at=datetime(2999, 1, 1, tzinfo=UTC))
    expected = [earlier, later, far_off, undated, done, exempted]
    assert list(Enrollment.objects.order_by("urgency")) == expected


@pytest.mark.parametrize("fields", [{"due_at": DUE}, {"due_at": None}, {"completed_at": DUE}, {"exempted_at": DUE}])
def test_changed_row_has_new_state_before_reload(fields):
    enrollment = make_enrollment(due_at=DUE - THREE_DAYS)
    vars(enrollment).update(fields)
    enrollment.save()
    assert enrollment.state_at(DUE) == Enrollment.objects.with_state(DUE).get().state


def test_zone_is_that_of_first_team_or_site(django_assert_num_queries):
    alone, learner = make_enrollment(), make_user()
    join(make_team(time_zone="Europe/Berlin"), learner)
    join(make_team(time_zone="America/New_York"), learner)
    make_enrollment(learner, alone.course)
    assert [str(one.zone) for one in Enrollment.objects.order_by("pk")] == ["Asia/Shanghai", "Europe/Berlin"]
    with django_assert_num_queries(1):
        zones = [str(one.zone) for one in Enrollment.objects.with_zone().order_by("pk")]
    assert zones == ["Asia/Shanghai", "Europe/Berlin"]


@pytest.mark.parametrize(
    "now, words",
    [
        (DUE - timedelta(days=3), "Friday 27 November"),
        (DUE - timedelta(days=1, hours=1), "tomorrow"),
        (DUE - SECOND, "today"),
        (DUE, "yesterday"),
        (DUE + timedelta(days=1), "Friday 27 November"),
    ],
)
def test_due_date_is_described_relative_to_today(now, words):
    enrollment = make_enrollment(due_at=DUE)
    with time_machine.travel(now, tick=False):
        assert due_of(enrollment).words == words


def test_enrollment_knows_its_release_or_raises():
    course = make_course()
    assert make_enrollment(course=course).release == course.current
    unpublished = make_enrollment(course=Course.objects.create(identifier="draft", source_language="en"))
    with pytest.raises(NotPublished, match=f"enrollment {unpublished.pk}: the course draft has no release"):
        _ = unpublished.release


TODAY = date(2026, 11, 27)
FIRST, LAST = datetime(2026, 11, 26, 16, tzinfo=UTC), datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC)  # of Shanghai
NEAR = timedelta(days=settings.CERTIFICATE_EXPIRY_NOTICE_DAYS)

CASES = [
    (None, CertificationStatus.NEVER),
    (date.min, CertificationStatus.ENDED),
    (TODAY - DAY, CertificationStatus.ENDED),
    (TODAY, CertificationStatus.ENDING),
    (TODAY + NEAR, CertificationStatus.ENDING),
    (TODAY + NEAR + DAY, CertificationStatus.CERTIFIED),
    (date.max, CertificationStatus.CERTIFIED),
]


@pytest.mark.parametrize("at", [FIRST, LAST])
def test_queryset_and_row_agree_on_certification_status_all_day(at):
    course = make_course()
    expected = {make_enrollment(make_user(), course, certified_until=until).pk: status for until, status in CASES}
    found = {enrollment.pk: enrollment.validity for enrollment in Enrollment.objects.with_certification_status(at)}
    assert found == expected
    assert [status_of(until, at) for until, _status in CASES] == [status for _until, status in CASES]
    for validity in (CertificationStatus.ENDING, CertificationStatus.ENDED, CertificationStatus.NEVER):
        assert set(Enrollment.objects.in_state(validity, at)) == {
            enrollment for enrollment in Enrollment.objects.all() if expected[enrollment.pk] == validity
        }


def test_expiring_certificate_counts_as_certified():
    for until, _status in CASES:
        make_enrollment(make_user(), certified_until=until)
    found = Enrollment.objects.in_state(CertificationStatus.CERTIFIED, FIRST).values_list("certified_until", flat=True)
    assert set(found) == {TODAY, TODAY + NEAR, TODAY + NEAR + DAY, date.max}
