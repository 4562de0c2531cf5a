"""One try at one question of a lesson."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseware.content import serving
from courseware.learning.completing import asked_of, complete_lesson, is_check_done, lock, touch
from courseware.learning.models import Answer


class TokenReused(Exception):
    """A form was sent a second time with another content: which of the two was meant cannot be known."""


class NoSuchQuestion(Exception):
    """The lesson, as it is released now, does not ask this."""


@transaction.atomic
def answer(enrollment, step, question_id, raw, *, token, at=None):
    """Grade and keep one try, and complete the lesson when its check is done with it.

    `raw` are the strings of a response (`Question.clean`); `token` is the UUID of the form they came from. The same
    form sent again gets the answer that is stored. Raises NoSuchQuestion, ValueError for a response that is none, and
    TokenReused.
    """
    at = at or timezone.now()
    enrollment = lock(enrollment)
    course = enrollment.course
    page = serving.page(course.current, step.id, course.source_language)
    try:
        question = page.questions[question_id]
    except KeyError:
        raise NoSuchQuestion(question_id) from None
    response = question.clean(raw)
    if stored := Answer.objects.filter(token=token).first():
        return same(stored, enrollment, question_id, response)
    stored = keep(
        Answer(
            enrollment=enrollment,
            document_id=page.document_id,
            revision_id=page.revision_id,
            question=question_id,
            shape=question.shape,
            response=response,
            is_right=question.grade(response),
            answered_at=at,
            token=token,
        )
    )
    touch(enrollment, at)
    if stored.is_right and question_id in asked_of(enrollment, step) and is_check_done(enrollment, step, page):
        complete_lesson(enrollment, page, at=at)
    return stored


def same(stored, enrollment, question_id, response):
    if (stored.enrollment_id, stored.question, stored.response) != (enrollment.pk, question_id, response):
        raise TokenReused(question_id)
    return stored


def keep(new):
    """Save the answer. Somebody else's form with the same token, at the same moment, is not held off by our lock."""
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:
        raise TokenReused(new.question) from None
    return new
