"""Short renewals: required steps listed per enrollment; validity of an early renewal."""

from datetime import UTC, date, datetime, timedelta

import pytest

from courseware.assessment.exams.eligibility import eligibility_of
from courseware.assessment.models import Certificate
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learner_home.next_action import learner_progress_of
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import own_outline, progress_of
from courseware.reporting.integrity.certificates import certificate_texts
from courseware.simulations import attempts
from courseware.simulations.models import TimeSetting
from tests.assessment.exams import MONDAY, exam_files, pre_check_files, sit
from tests.browser.courses import POURING
from tests.course_format.samples import make_files
from tests.making import make_course, make_enrollment
from tests.world import finish_lesson, outline_of, play_best

pytestmark = pytest.mark.django_db
SHORT = ["pouring", "drill", "last-cup"]  # of boiling, pouring, the optional simulation, the exam


@pytest.fixture
def course():
    return make_course(exam_files() | {path: text.encode() for path, text in POURING.items()})


def renewal(course, required=SHORT, **fields):
    return make_enrollment(course=course, required=required, **fields)


def progress_values(enrollment):
    """(done, total, id of the next step, whether the exam is open)."""
    progress = progress_of(enrollment, own_outline(enrollment, "en"))
    following = progress.next_step
    return progress.done_count, progress.total, following and following.id, progress.is_exam_open


def exam_reason(enrollment):
    outline = own_outline(enrollment, "en")
    return eligibility_of(enrollment, outline, store.page(enrollment.release, outline.exam_id, "en")).reason


@pytest.mark.slow
def test_only_listed_steps_count_and_exam_opens_after_its_lessons(course):
    enrollment = renewal(course)
    assert (progress_values(enrollment), exam_reason(enrollment)) == ((0, 3, "drill", False), "lessons")
    play_best(attempts.start(enrollment, "drill", timing=TimeSetting.OFF))
    assert (progress_values(enrollment), exam_reason(enrollment)) == ((1, 3, "pouring", False), "lessons")
    finish_lesson(enrollment, outline_of(course).step("pouring"))
    assert (progress_values(enrollment), exam_reason(enrollment)) == ((2, 3, "last-cup", True), "")
    sit(enrollment, at=MONDAY)
    assert Enrollment.objects.get().completed_at == MONDAY
    assert Certificate.objects.get().enrollment == enrollment


def test_full_enrollment_is_unaffected(course):
    renewal(course)
    assert progress_values(make_enrollment(course=course)) == (0, 3, "boiling", False)


def test_unlisted_step_counts_for_nothing(course):
    enrollment = renewal(course)
    finish_lesson(enrollment, outline_of(course).step("boiling"))
    assert progress_values(enrollment) == (0, 3, "drill", False)


def test_removed_steps_leave_list_and_empty_list_means_whole_course(course):
    partly_valid, fully_removed = renewal(course, ["boiling", "pouring", "last-cup"]), renewal(course, ["pouring"])
    import_course(exam_files())
    for enrollment in (partly_valid, fully_removed):
        enrollment = Enrollment.objects.with_release().get(pk=enrollment.pk)
        assert progress_values(enrollment) == (0, 2, "boiling", False)


def test_short_renewal_has_no_pre_test():
    course = make_course(pre_check_files())
    assert progress_values(renewal(course, ["last-cup"])) == (0, 1, "last-cup", True)
    assert progress_values(make_enrollment(course=course))[2] == "start"


def test_dashboard_and_home_count_same_list(course):
    short, full = renewal(course), make_enrollment(course=course)
    rows = learner_progress_of([short, full], {course.pk: outline_of(course)})
    assert [(each.progress.total, each.next_action.step.id, each.outline.minutes_left()) for each in rows] == [
        (3, "drill", 7.5),
        (3, "boiling", 7),
    ]


@pytest.mark.parametrize(
    "passed_on, valid_until",
    [
        (datetime(2030, 1, 7, 9, tzinfo=UTC), date(2031, 1, 20)),
        (datetime(2030, 1, 20, 9, tzinfo=UTC), date(2031, 1, 20)),  # the last day
        (datetime(2030, 1, 21, 9, tzinfo=UTC), date(2031, 1, 21)),  # too late: counts from the day of the pass
    ],
)
def test_early_renewal_extends_from_old_expiry_date(passed_on, valid_until):
    enrollment = renewal(make_course(make_files()), ["last-cup"], renews_until=date(2030, 1, 20))
    sit(enrollment, at=passed_on)
    assert Certificate.objects.get().valid_until == valid_until
    assert list(certificate_texts()) == []


def test_first_certificate_counts_from_its_own_day():
    sit(renewal(make_course(make_files()), ["last-cup"]), at=MONDAY + timedelta(days=1))
    assert Certificate.objects.get().valid_until == date(2031, 1, 8)
