"""Texts that a learner types into open questions and has not sent. The answer drops what was kept of it."""

from django.db import transaction
from django.urls import reverse

from courseware.learning.completing import lock
from courseware.learning.models import Answer
from courseware.unsaved.keeping import drop, keep, unsaved_in
from courseware.unsaved.offers import offer_of


def form_of(enrollment, step_id, question_id):
    return reverse("learning:answer", args=[enrollment.course.identifier, step_id, question_id])


def as_compared(text):
    # Browsers end lines in two ways, and what is saved is stripped.
    return text.replace("\r\n", "\n").strip()


@transaction.atomic
def keep_text(enrollment, step_id, question_id, text, *, token, at=None):
    """`token` is that of the form. One that was sent meanwhile is not unsaved, however late this arrives."""
    enrollment = lock(enrollment)
    form = form_of(enrollment, step_id, question_id)
    if Answer.objects.filter(token=token).exists():
        return
    if as_compared(text):
        keep(enrollment.learner_id, form, {"text": as_compared(text)}, at=at)
    else:
        drop(enrollment.learner_id, form)


def drop_text(enrollment, step_id, question_id):
    drop(enrollment.learner_id, form_of(enrollment, step_id, question_id))


def unsaved_texts(enrollment, page):
    """Id of an open question of the page → what was typed there. Runs one query where there is such a question."""
    forms = {
        form_of(enrollment, page.identifier, identifier): identifier
        for identifier, question in page.questions.items()
        if question.kind == "open"
    }
    return {forms[form]: text for form, text in unsaved_in(enrollment.learner_id, forms).items()}


def offer_beside(kept, saved, saved_at, *, is_put_in):
    """`saved` is the text that is saved ("" at None for none yet). None where nothing is unsaved."""
    if kept.fields["text"] == as_compared(saved):
        return None
    return offer_of(kept, is_put_in=is_put_in, saved_at=saved_at)
