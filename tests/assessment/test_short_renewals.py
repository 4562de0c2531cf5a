"""A run that asks for a list of its own, and what a renewal in time is worth."""

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
SHORT = ["pouring", "drill", "last-cup"]  # of boiling, pouring, the optional drill, the exam


@pytest.fixture
def course():
    return make_course(exam_files() | {path: text.encode() for path, text in POURING.items()})


def renewal(course, required=SHORT, **fields):
    return make_enrollment(course=course, required=required, **fields)


def standing_of(enrollment):
    """(done, total, id of the next step, whether the exam is open)."""
    progress = progress_of(enrollment, own_outline(enrollment, "en"))
    following = progress.next_step
    return progress.done_count, progress.total, following and following.id, progress.is_exam_open


def exam_reason(enrollment):
    outline = own_outline(enrollment, "en")
    return eligibility_of(enrollment, outline, store.page(enrollment.release, outline.exam_id, "en")).reason


def test_only_what_the_list_names_counts_and_comes_next_and_the_exam_opens_after_its_lessons(course):
    enrollment = renewal(course)
    assert (standing_of(enrollment), exam_reason(enrollment)) == ((0, 3, "drill", False), "lessons")
    play_best(attempts.start(enrollment, "drill", timing=TimeSetting.OFF))
    assert (standing_of(enrollment), exam_reason(enrollment)) == ((1, 3, "pouring", False), "lessons")
    finish_lesson(enrollment, outline_of(course).step("pouring"))
    assert (standing_of(enrollment), exam_reason(enrollment)) == ((2, 3, "last-cup", True), "")
    sit(enrollment, at=MONDAY)
    assert Enrollment.objects.get().completed_at == MONDAY
    assert Certificate.objects.get().enrollment == enrollment


def test_a_whole_run_beside_it_is_as_it_was(course):
    renewal(course)
    assert standing_of(make_enrollment(course=course)) == (0, 3, "boiling", False)


def test_what_the_list_does_not_name_may_be_done_and_counts_for_nothing(course):
    enrollment = renewal(course)
    finish_lesson(enrollment, outline_of(course).step("boiling"))
    assert standing_of(enrollment) == (0, 3, "drill", False)


def test_what_has_left_the_course_leaves_the_list_and_a_list_that_is_gone_is_the_whole_course(course):
    part, gone = renewal(course, ["boiling", "pouring", "last-cup"]), renewal(course, ["pouring"])
    import_course(exam_files())
    for enrollment in (part, gone):
        enrollment = Enrollment.objects.with_release().get(pk=enrollment.pk)
        assert standing_of(enrollment) == (0, 2, "boiling", False)


def test_a_short_renewal_begins_with_no_pre_check():
    course = make_course(pre_check_files())
    assert standing_of(renewal(course, ["last-cup"])) == (0, 1, "last-cup", True)
    assert standing_of(make_enrollment(course=course))[2] == "start"


def test_board_and_home_count_by_the_same_list(course):
    short, whole = renewal(course), make_enrollment(course=course)
    found = learner_progress_of([short, whole], {course.pk: outline_of(course)})
    assert [(each.progress.total, each.next_action.step.id, each.outline.minutes_left()) for each in found] == [
        (3, "drill", 7.5),
        (3, "boiling", 7),
    ]


@pytest.mark.parametrize(
    "passed_on, valid_until",
    [
        (datetime(2030, 1, 7, 9, tzinfo=UTC), date(2031, 1, 20)),
        (datetime(2030, 1, 20, 9, tzinfo=UTC), date(2031, 1, 20)),  # the last day
        (datetime(2030, 1, 21, 9, tzinfo=UTC), date(2031, 1, 21)),  # too late: from the day on which it was passed
    ],
)
def test_who_passes_before_the_certificate_ends_has_the_new_one_count_from_the_old_end(passed_on, valid_until):
    enrollment = renewal(make_course(make_files()), ["last-cup"], renews_until=date(2030, 1, 20))
    sit(enrollment, at=passed_on)
    assert Certificate.objects.get().valid_until == valid_until
    assert list(certificate_texts()) == []


def test_a_run_that_renews_nothing_counts_from_its_own_day():
    sit(renewal(make_course(make_files()), ["last-cup"]), at=MONDAY + timedelta(days=1))
    assert Certificate.objects.get().valid_until == date(2031, 1, 8)
