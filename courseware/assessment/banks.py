"""The questions of a release's banks, and those of an attempt: as they read in the release it began with."""

from collections.abc import Iterable, Mapping

from courseware.assessment.models import Attempt, Response
from courseware.content import serving
from courseware.content.models import Release
from courseware.content.questions import Question, from_dict

# A course has about six banks in two languages; attempts under way may still stand on older releases.
KEPT = 64
_banks: dict[tuple[str, int, str, str], Mapping[str, Question]] = {}


def bank(release: Release, identifier: str, language: str) -> Mapping[str, Question]:
    """The questions of a bank by id, with HTML texts, in `language` or the course's own.

    Releases are immutable, so each process reads a bank once; this runs one query, later none.
    """
    key = (release.digest, release.compiler, identifier, language)
    if key not in _banks:
        data = serving.page(release, identifier, language).data
        if len(_banks) >= KEPT:
            _banks.clear()
        _banks[key] = {question: from_dict(stored) for question, stored in data["questions"].items()}
    return _banks[key]


def banks(release: Release, identifiers: Iterable[str], language: str) -> dict[str, list[Question]]:
    return {identifier: list(bank(release, identifier, language).values()) for identifier in identifiers}


def question_of(attempt: Attempt, response: Response, language: str) -> Question:
    """The question that `response` (with its bank) belongs to. Structure and key are the same in every language."""
    return bank(attempt.release, response.bank.identifier, language)[response.question]
