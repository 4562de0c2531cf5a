"""Banks of questions: load their questions; an attempt uses the release in which it started."""

from collections.abc import Iterable, Mapping

from courseware.assessment.models import ExamAttempt, Response
from courseware.content.models import Release, RenderedPage
from courseware.content.rendering import store
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Question


def bank(release: Release, identifier: str, language: str) -> Mapping[str, Question]:
    """Return question id → question of a bank or lesson (identifier), in `language` or else the source language. Raise
    RenderedPage.DoesNotExist if the release lacks it.
    """
    return store.page(release, identifier, language).questions


def find_page(release: Release, identifier: str, language: str) -> PageData | None:
    """Return the page of a document (an identifier), or None if the release lacks it."""
    try:
        return store.page(release, identifier, language)
    except RenderedPage.DoesNotExist:
        return None


def banks(release: Release, identifiers: Iterable[str], language: str) -> dict[str, list[Question]]:
    """Return bank id → questions. Raise RenderedPage.DoesNotExist if the release lacks one of `identifiers`."""
    return {identifier: list(bank(release, identifier, language).values()) for identifier in identifiers}


def question_of(attempt: ExamAttempt, response: Response, language: str) -> Question:
    return bank(attempt.release, response.bank.identifier, language)[response.question]
