"""People who have completed a course, and what the question of a day asks of them."""

import uuid
from datetime import timedelta

from django.utils import timezone

from courseware.assessment.daily_answering import answer_daily
from courseware.assessment.daily_asking import daily_of, runs_of_person
from tests.assessment.drills import finish, held
from tests.assessment.exams import make_course_with_drill, right, wrong


def completed(course=None):
    """A run that is complete since now: the critical question on O1.1 was missed, and practised in the drill."""
    attempt = held(course or make_course_with_drill())
    finish(attempt)
    attempt.enrollment.refresh_from_db()
    return attempt.enrollment


def after(number):
    return timezone.now() + timedelta(days=number)


def daily_at(person, at):
    return daily_of(runs_of_person(person, at), "zh-hans", at)


def asked_at(person, at):
    daily = daily_at(person, at)
    return daily and daily.asked


def give_daily(person, at, *, is_right=True, **changed):
    asked = changed.pop("asked", None) or asked_at(person, at)
    question = asked.wording.question
    form = {"revision": asked.page.revision_id, "token": uuid.uuid4()} | changed
    return answer_daily(person, asked, right(question) if is_right else wrong(question), at=at, **form)
