"""Helpers for the sample lesson: its URLs, form fields and stored answers."""

import uuid

from bs4 import BeautifulSoup
from django.urls import reverse

from courseware.content.models import ReleaseEntry
from courseware.content.rendering import store
from courseware.learning.lessons.answers import answer
from courseware.learning.lessons.question_rendering import drawn_with
from courseware.learning.models import Answer, Completion, LessonReport

LESSON = reverse("learning:step", args=["tea-room", "boiling"])


def answer_url(question="is-it-off", step="boiling", course="tea-room"):
    return reverse("learning:answer", args=[course, step, question])


def sent(*choices, tries=0, **fields):
    return {
        "token": uuid.uuid4(),
        "tries": tries,
        "revision": revision(),
        "choice": choices,
        "drawn_with": drawn_with(),
    } | fields


def revision(lesson="boiling"):
    """Primary key of the revision that the page shows."""
    return ReleaseEntry.objects.filter(document__identifier=lesson).latest("pk").revision_id


def try_it(enrollment, question, raw):
    course = enrollment.course
    step = store.outline(course.current, "en").step("boiling")
    return answer(enrollment, step, question, raw, token=uuid.uuid4())


PRACTICE = {  # an answer to each question before the check
    "what-first": ["0"],
    "what-to-wipe": ["0", "2"],
    "what-is-wrong": ["1"],
    "in-order": ["0", "1", "2"],
    "sorted": ["0", "1", "1"],
    "note": ["So."],
}


def practise(enrollment, *, but=()):
    for question, raw in PRACTICE.items():
        if question not in but:
            try_it(enrollment, question, raw)


def soup_of(response):
    return BeautifulSoup(response.content, "html.parser")


def stored_counts():
    return Answer.objects.count(), Completion.objects.count(), LessonReport.objects.count()
