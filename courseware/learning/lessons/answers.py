"""Grade and store answers to questions of a lesson, and autosave texts of open questions."""

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courseware.autosave.store import drop, offer_of, save, unsaved_in
from courseware.content.rendering import store
from courseware.learning.lessons.changed_lessons import settle_check
from courseware.learning.lessons.rate_limits import refuse_too_many, sent_by
from courseware.learning.models import Answer
from courseware.learning.status.completion import complete_lesson, lock, touch, waiting_in
from courseware.lib.db.compiled_query import CompiledQuery

ANSWERS_OF_FORM = CompiledQuery(lambda token: Answer.objects.filter(token=token))
SENT = sent_by(Answer.objects.all(), owner="enrollment__learner", instant="answered_at")


class TokenReused(Exception):
    """A form was sent again with another answer."""


class NoSuchQuestion(Exception):
    """The released lesson has no such question."""


class QuestionChanged(Exception):
    """The form showed other options than the question has now."""


@transaction.atomic
def answer(enrollment, step, question_id, raw, *, token, revision=None, at=None):
    """Grade and store an answer; complete the lesson `step` if no question is open. Return the `Answer`. `raw`: see
    `Question.clean`. `revision`: id of the revision shown (None: the current one). The same `token` again returns the
    stored answer. Raise `NoSuchQuestion`, `QuestionChanged`, `TokenReused`, `TooFast`, and `ValueError` if invalid.
    """
    at = at or timezone.now()
    enrollment = lock(enrollment)
    page = store.page(enrollment.release, step.id, enrollment.source_language)
    question = question_of_form(enrollment.release, page, question_id, revision)
    response = question.clean(raw)
    for stored in ANSWERS_OF_FORM(token=token):
        if (stored.enrollment_id, stored.question, stored.response) != (enrollment.pk, question_id, response):
            raise TokenReused(question_id)
        return stored
    refuse_too_many(SENT, enrollment.learner_id, at)
    stored = Answer(
        enrollment=enrollment,
        document_id=page.document_id,
        revision_id=revision or page.revision_id,
        question=question_id,
        shape=question.shape,
        response=response,
        is_right=question.grade(response),
        answered_at=at,
        token=token,
    )
    store_new(stored, TokenReused(question_id))
    if question.kind == "open":
        drop_text(enrollment, step.id, question_id)
    touch(enrollment, at)
    if not waiting_in(enrollment, step, page):
        complete_lesson(enrollment, page, revision=revision, at=at)
    stored.ends_change = settle_check(enrollment, step, page, at)
    return stored


def question_of_form(release, page, question_id, revision):
    """Return the question if `revision` (id or None) has equal options. Raise `QuestionChanged` or `NoSuchQuestion`."""
    try:
        question = page.questions[question_id]
    except KeyError:
        raise NoSuchQuestion(question_id) from None
    if revision in (None, page.revision_id):
        return question
    shown = store.questions_in(page.document_id, revision, question_id)
    now = {language: store.page(release, page.identifier, language).questions[question_id] for language in shown}
    if not shown or not all(now[language].is_answered_as(was) for language, was in shown.items()):
        raise QuestionChanged(question_id)
    return question


def store_new(row, refusal):
    """Insert the row. Raise `refusal`, an exception, if a row with its token exists."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # a form of another enrollment, which is not locked, had the same token
        raise refusal from None


def form_of(enrollment, step_id, question_id):
    """Return the URL of a question's form, which is the key of its autosaved text."""
    return reverse("learning:answer", args=[enrollment.course.identifier, step_id, question_id])


def as_compared(text):
    # Browsers end lines with CRLF or LF, and saved texts are stripped.
    return text.replace("\r\n", "\n").strip()


@transaction.atomic
def store_text(enrollment, step_id, question_id, text, *, token, at=None):
    """Autosave the text of an open question; delete it if empty. Do nothing if the form with this `token` was sent."""
    enrollment = lock(enrollment)
    form = form_of(enrollment, step_id, question_id)
    if Answer.objects.filter(token=token).exists():
        return
    if as_compared(text):
        save(enrollment.learner_id, form, {"text": as_compared(text)}, at=at)
    else:
        drop(enrollment.learner_id, form)


def drop_text(enrollment, step_id, question_id):
    drop(enrollment.learner_id, form_of(enrollment, step_id, question_id))


def unsaved_texts(enrollment, page):
    """Return open question id → `AutosavedText`; without one no key. Runs one query if the page has open questions."""
    forms = {
        form_of(enrollment, page.identifier, identifier): identifier
        for identifier, question in page.questions.items()
        if question.kind == "open"
    }
    return {forms[form]: text for form, text in unsaved_in(enrollment.learner_id, forms).items()}


def offer_beside(autosaved, saved, saved_at, *, is_restored):
    """Return an offer of `autosaved`, an `AutosavedText`; None if it equals `saved`, the answer stored at `saved_at`
    ("" and None: none). `is_restored`: the form is filled with it.
    """
    if autosaved.fields["text"] == as_compared(saved):
        return None
    return offer_of(autosaved, is_restored=is_restored, saved_at=saved_at)
