"""Helpers for attempts that need a practice set, and for daily questions after it."""

import uuid
from datetime import timedelta

from django.utils import timezone

from courseware.assessment.daily.answers import answer_daily
from courseware.assessment.daily.selection import daily_of, enrollments_of_person
from courseware.assessment.exams import practice_sets
from courseware.assessment.exams.practice_sets import next_question
from courseware.content.releases.course_import import import_course
from courseware.learning.models import Completion
from tests.assessment.exams import make_course_with_drill, ready, right, sit, wrong


def held(course, *rules):
    return sit(ready(course), forget=rules or ("O1.1",))


def drill(attempt, rule="O1.1"):
    return practice_sets.practice_set_on(rule, attempt)


def asked(attempt, rule="O1.1"):
    return next_question(attempt, drill(attempt, rule), "zh-hans")


def give(attempt, rule="O1.1", *, is_right=True, **changed):
    """Answer the next question; `changed` overrides form fields."""
    current = asked(attempt, rule)
    raw = right(current.question) if is_right else wrong(current.question)
    form = {"number": current.number, "revision": current.bank.revision_id, "token": uuid.uuid4()} | changed
    return practice_sets.answer(attempt, rule, form.pop("question", current.question.id), raw, **form)


def finish(attempt, *rules):
    for rule in rules or ("O1.1",):
        while not drill(attempt, rule).is_done:
            give(attempt, rule)


def is_completed(attempt):
    attempt.enrollment.refresh_from_db()
    completed = Completion.objects.filter(enrollment=attempt.enrollment_id, document=attempt.exam_id).exists()
    assert completed == (attempt.enrollment.completed_at is not None)
    return completed


def released(attempt, files):
    import_course(files)
    attempt.enrollment.course.refresh_from_db()


def completed(course=None):
    """A completed enrollment: the must-know question on O1.1 was missed and practised."""
    attempt = held(course or make_course_with_drill())
    finish(attempt)
    attempt.enrollment.refresh_from_db()
    return attempt.enrollment


def after(number):
    return timezone.now() + timedelta(days=number)


def daily_at(person, at):
    return daily_of(enrollments_of_person(person, at), "zh-hans", at)


def asked_at(person, at):
    daily = daily_at(person, at)
    return daily and daily.asked


def give_daily(person, at, *, is_right=True, **changed):
    asked = changed.pop("asked", None) or asked_at(person, at)
    question = asked.wording.question
    form = {"revision": asked.page.revision_id, "token": uuid.uuid4()} | changed
    return answer_daily(person, asked, right(question) if is_right else wrong(question), at=at, **form)
