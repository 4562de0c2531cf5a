"""A course with a follow-up survey, and people who completed it some days ago."""

from datetime import timedelta

from django.utils import timezone

from courseware.assignments.follow_ups.follow_ups import answer_follow_up
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.learning.models import Enrollment
from tests.course_format.samples import FOLLOW_UP, make_files
from tests.making import join, make_course, make_user


def make_course_with_survey():
    return make_course(make_files(**FOLLOW_UP))


def completed(team, name="", days_ago=31, **fields):
    """A completed enrollment of a new learner in the team."""
    learner = make_user(name)
    if team:
        join(team, learner)
    at = timezone.now() - timedelta(days=days_ago)
    fields = {"enrolled_at": at - timedelta(days=9), "completed_at": at, "due_at": at} | fields
    fields.setdefault("course", Course.objects.first() or make_course_with_survey())
    return Enrollment.objects.create(learner=learner, **fields)


def survey_of(enrollment, language="en"):
    return store.outline(enrollment.release, language).follow_up_surveys[0]


def answered(enrollment, answers, *, by, day=None):
    """Return the result of `answer_follow_up`."""
    revision = store.page(enrollment.release, "month-later", "en").revision_id
    return answer_follow_up(enrollment, survey_of(enrollment), answers, revision=revision, by=by, day=day)
