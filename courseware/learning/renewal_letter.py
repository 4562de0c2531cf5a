"""The letter that a renewal is open: until when the certificate is valid, and what is asked for."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from courseware.learning.course_letter import (
    RENEWAL,
    asked_for,
    course_in_words,
    lines_in_words,
    signer_of,
    why_unwanted,
)
from courseware.learning.due import day_in_words
from courseware.learning.letter_examples import RENEWAL_OPEN
from courseware.outbox.kinds import LetterSort, MessageKind, one_by_one, register_kind


def register_letter():
    questions = one_by_one(why_unwanted), one_by_one(in_words)
    template = "learning/mail/renewal_open.txt"
    words = _("A renewal that is open")
    kind = MessageKind(words, template, *questions, LetterSort.TRAINING, lines_in_words, RENEWAL_OPEN)
    register_kind(RENEWAL, kind)


def in_words(message):
    person, language = message.person, message.language or settings.LANGUAGE_CODE
    with translation.override(language):
        runs = list(asked_for(message).with_release().with_zone())
        courses = [course_in_words(run, language) | renewal_in_words(run) for run in runs]
    return {
        "name": person.name,
        "courses": courses,
        "house_style_of": courses[0]["id"] if len(courses) == 1 else "",
        "host": urlsplit(settings.SITE_URL).netloc,
        **signer_of(person, message.data["by"]),
    }


def renewal_in_words(run):
    return {"until": day_in_words(run.renews_until), "is_short": run.required is not None}
