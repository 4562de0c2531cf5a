"""What a question of a lesson said when it was answered, where a release has changed it since."""

import logging
from collections.abc import Mapping, Sequence

from courseware.content.compiled import serving
from courseware.content.compiled.serving import PageData
from courseware.language.questions import Question, load_question
from courseware.learning.access import Reading
from courseware.learning.models import Answer

logger = logging.getLogger(__name__)


def earlier_questions(reading: Reading, page: PageData, last: Sequence[Answer]) -> dict[str, Question]:
    """Question id → the question as the last try at it found it, where that reads otherwise than on `page`.

    `last` holds that try for each question. Runs one query where one of them is of another revision, else none.
    """
    before = [answer for answer in last if answer.revision_id != page.revision_id]
    stored = stored_at(page.document_id, {answer.revision_id for answer in before}) if before else {}
    found = {}
    for answer in before:
        languages = stored.get(answer.revision_id, {})
        questions = languages.get(reading.language) or languages.get(reading.enrollment.source_language, {})
        then = load_question(questions[answer.question]) if answer.question in questions else None
        if then and not page.questions[answer.question].reads_as(then):
            found[answer.question] = then
    return found


def stored_at(document: int, revisions: set[int]) -> Mapping[int, Mapping[str, Mapping]]:
    try:
        return serving.stored_questions_at(document, revisions)
    except Exception:
        # A release that today's grammar refuses cannot be read. The lesson, which does not need it, can.
        logger.exception("document %s: an earlier release of it cannot be read", document)
        return {}
