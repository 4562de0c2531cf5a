"""Questions of banks, and of attempts as of the release each began with."""

from collections.abc import Iterable, Mapping

from courseware.assessment.models import ExamAttempt, Response
from courseware.content.models import Release, RenderedPage
from courseware.content.rendering import store
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Question


def bank(release: Release, identifier: str, language: str) -> Mapping[str, Question]:
    """Question id → question, in `language` or else in that of the course."""
    return store.page(release, identifier, language).questions


def find_page(release: Release, identifier: str, language: str) -> PageData | None:
    try:
        return store.page(release, identifier, language)
    except RenderedPage.DoesNotExist:
        return None


def banks(release: Release, identifiers: Iterable[str], language: str) -> dict[str, list[Question]]:
    return {identifier: list(bank(release, identifier, language).values()) for identifier in identifiers}


def question_of(attempt: ExamAttempt, response: Response, language: str) -> Question:
    return bank(attempt.release, response.bank.identifier, language)[response.question]
