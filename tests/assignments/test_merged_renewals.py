"""Which runs go on where one account of a person was ahead of the other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.assignments.merging import merge
from courseware.learning.enrolling import enroll
from courseware.learning.models import Enrollment
from tests.making import make_course, make_hr, make_user
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db


def test_a_completion_closes_what_the_other_account_had_open_but_no_renewal_begun_since():
    kept, other, course, hr = make_user(), make_user(), make_course(), make_hr()
    finish_lessons(enroll(other, course, by=hr))
    complete_course(enroll(kept, course, by=hr))
    Enrollment.objects.filter(learner=kept).update(completed_at=timezone.now() + timedelta(seconds=1))
    enroll(kept, course, by=hr, at=timezone.now() + timedelta(seconds=2))
    merge(kept, other, by=hr)
    rows = Enrollment.objects.order_by("pk").values_list("is_newest", "waived_at")
    found = [(is_newest, waived is not None) for is_newest, waived in rows]
    assert found == [(False, True), (False, False), (True, False)]
