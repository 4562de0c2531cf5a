"""The questions of a release's banks, and those of an attempt: as they were in the release it began with."""

from collections.abc import Iterable, Mapping

from courseware.assessment.models import Attempt, Response
from courseware.content.compiled import serving
from courseware.content.models import Release
from courseware.language.questions import Question


def bank(release: Release, identifier: str, language: str) -> Mapping[str, Question]:
    """Question id → question, with its texts as HTML, in `language` or else the course's own."""
    return serving.page(release, identifier, language).questions


def banks(release: Release, identifiers: Iterable[str], language: str) -> dict[str, list[Question]]:
    return {identifier: list(bank(release, identifier, language).values()) for identifier in identifiers}


def question_of(attempt: Attempt, response: Response, language: str) -> Question:
    return bank(attempt.release, response.bank.identifier, language)[response.question]
