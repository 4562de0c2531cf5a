"""One try at one question of a lesson."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseware.content.compiled import serving
from courseware.learning.completing import asked_of, complete_lesson, is_check_done, lock, touch
from courseware.learning.models import Answer


class TokenReused(Exception):
    """A form was sent a second time with another content: which of the two was meant cannot be known."""


class NoSuchQuestion(Exception):
    """The lesson, as it is released now, does not ask this."""


class QuestionChanged(Exception):
    """The form showed other choices than the question has now: which of them was meant cannot be said by its place."""


@transaction.atomic
def answer(enrollment, step, question_id, raw, *, token, revision=None, at=None):
    """Grade and keep one try, and complete the lesson when its check is done with it.

    `raw` are the strings of a response (`Question.clean`); `token` is the UUID of the form they came from, `revision`
    the primary key of the lesson's revision it showed (None: the one released now). The same form sent again gets the
    answer that is stored. Raises NoSuchQuestion, QuestionChanged, ValueError for a response that is none, and
    TokenReused.
    """
    at = at or timezone.now()
    enrollment = lock(enrollment)
    page = serving.page(enrollment.release, step.id, enrollment.source_language)
    question = question_of_form(enrollment.release, page, question_id, revision)
    response = question.clean(raw)
    if stored := Answer.objects.filter(token=token).first():
        return same(stored, enrollment, question_id, response)
    stored = store_answer(
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


def question_of_form(release, page, question_id, revision):
    """The question of a page of the release, where a form made from `revision` of its document still fits it.

    Another revision is fine as long as the choices of this question stayed as they were, in every language that one
    was released in: the form does not say which one it was read in. Raises NoSuchQuestion and QuestionChanged.
    """
    try:
        question = page.questions[question_id]
    except KeyError:
        raise NoSuchQuestion(question_id) from None
    if revision in (None, page.revision_id):
        return question
    shown = serving.questions_in(page.document_id, revision, question_id)
    now = {language: serving.page(release, page.identifier, language).questions[question_id] for language in shown}
    if not shown or not all(now[language].is_answered_as(was) for language, was in shown.items()):
        raise QuestionChanged(question_id)
    return question


def same(stored, enrollment, question_id, response):
    if (stored.enrollment_id, stored.question, stored.response) != (enrollment.pk, question_id, response):
        raise TokenReused(question_id)
    return stored


def store_answer(new):
    """Save the answer. Somebody else's form with the same token, at the same moment, is not held off by our lock."""
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:
        raise TokenReused(new.question) from None
    return new
