"""An enrollment of a certified learner ends while another process changes it."""

from datetime import date

from django.utils import timezone

from courseware.assessment.outside_records import record_outside
from courseware.assessment.outside_training import OutsideTraining
from courseware.assignments import acting
from courseware.assignments.certified_enrollments import end_certified, end_unneeded, record_trainings
from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.models import Enrollment
from tests.assignments.rules import make_rule
from tests.at_once import one_behind_the_other
from tests.making import join, make_course, make_hr, make_team, make_user
from tests.site.test_chains import postgres  # noqa: F401 - a fixture
from tests.world import finish_lessons


def training(person, course):
    return OutsideTraining(
        person=person, course=course, trained_on=date(2026, 3, 2), valid_until=date(2027, 11, 15), proof="Seen"
    )


def enrolled_by_a_rule():
    course, team, person = make_course(), make_team(), make_user()
    join(team, person)
    make_rule(course, team_id=team.pk)
    acting.act()
    return Enrollment.objects.get(learner=person)


def test_an_enrollment_that_begins_at_that_moment_stays_open(postgres):  # noqa: F811
    run = enrolled_by_a_rule()
    record_outside([training(run.learner, run.course)], by=make_hr())
    adjustment = Adjustment(kind="certified", made_at=timezone.now())
    one_behind_the_other(lambda: finish_lessons(run), lambda: end_unneeded([run.pk], adjustment))
    run.refresh_from_db()
    assert run.started_at and not run.waived_at and not AdjustmentLine.objects.exists()


def test_the_job_and_hr_end_an_enrollment_once(postgres):  # noqa: F811
    run = enrolled_by_a_rule()
    hr = make_hr()
    record = lambda: record_trainings([training(run.learner, run.course)], by=hr, ends=True)  # noqa: E731
    one_behind_the_other(record, record)
    assert end_certified() == "end: 0"
    assert AdjustmentLine.objects.get().enrollment == run
