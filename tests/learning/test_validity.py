"""Whether somebody is certified: one rule, asked of many rows or of one, around the days where it changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings

from courseware.learning.models import Enrollment
from courseware.learning.validity import Validity, validity_of
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 27)
FIRST, LAST = datetime(2026, 11, 26, 16, tzinfo=UTC), datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC)  # of Shanghai
DAY = timedelta(days=1)
NEAR = timedelta(days=settings.CERTIFICATE_ENDING_DAYS)

CASES = [
    (None, Validity.NEVER),
    (date.min, Validity.ENDED),
    (TODAY - DAY, Validity.ENDED),
    (TODAY, Validity.ENDING),
    (TODAY + NEAR, Validity.ENDING),
    (TODAY + NEAR + DAY, Validity.CERTIFIED),
    (date.max, Validity.CERTIFIED),
]


@pytest.mark.parametrize("at", [FIRST, LAST])
def test_many_rows_and_one_day_are_judged_alike_from_the_first_to_the_last_second_of_a_day(at):
    course = make_course()
    runs = {make_enrollment(make_user(), course, certified_until=until).pk: said for until, said in CASES}
    found = {run.pk: run.validity for run in Enrollment.objects.with_validity(at)}
    assert found == runs
    assert [validity_of(until, at) for until, _said in CASES] == [said for _until, said in CASES]
    for validity in (Validity.ENDING, Validity.ENDED, Validity.NEVER):
        assert set(Enrollment.objects.in_state(validity, at)) == {
            run for run in Enrollment.objects.all() if runs[run.pk] == validity
        }


def test_whose_certificate_is_ending_is_certified_today():
    for until, _said in CASES:
        make_enrollment(make_user(), certified_until=until)
    found = Enrollment.objects.in_state(Validity.CERTIFIED, FIRST).values_list("certified_until", flat=True)
    assert set(found) == {TODAY, TODAY + NEAR, TODAY + NEAR + DAY, date.max}


@pytest.mark.parametrize(("number", "said"), [(60, "ends within 60 days"), (1, "ends within 1 day")])
def test_the_number_of_days_is_said_when_it_is_read(settings, number, said):
    settings.CERTIFICATE_ENDING_DAYS = number
    assert str(Validity.ENDING.label) == said
