"""The tries at the questions of a lesson page, whatever the wording. Those at a question whose shape has changed since
do not count.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil

from courseware.content.compiled import serving
from courseware.content.compiled.serving import PageData
from courseware.language.questions import Question, load_question
from courseware.learning.access import Reading
from courseware.learning.models import Answer, Enrollment
from courseware.learning.question_view import MISSES_THAT_REVEAL
from courseware.lib.kept_query import KeptQuery

logger = logging.getLogger(__name__)


Tries = Mapping[str, list[Answer]]
ANSWERS = KeptQuery(
    lambda enrollment, document: Answer.objects.filter(enrollment=enrollment, document=document).order_by("pk")
)


def tries_of(enrollment: Enrollment, page: PageData) -> Tries:
    """Question id → the learner's tries at all its wordings that count, oldest first. Runs one query."""
    return counting_and_former(enrollment, page)[0]


def counting_and_former(enrollment: Enrollment, page: PageData) -> tuple[Tries, Tries]:
    """The tries that count, and, wording by wording, those at another shape than it has on the page. Runs one query."""
    counting: dict[str, list[Answer]] = defaultdict(list)
    former: dict[str, list[Answer]] = defaultdict(list)
    for answer in ANSWERS(enrollment=enrollment.pk, document=page.document_id):
        answer.enrollment = enrollment
        question = page.questions.get(answer.question)
        if question:
            if question.shape == answer.shape:
                counting[page.first_wordings[answer.question]].append(answer)
            else:
                former[answer.question].append(answer)
    return counting, former


def wording_asked(wordings: Sequence[str], tries: Sequence[Answer]) -> str:
    """The one that is asked next: another after the misses that reveal the one before, the last until it is right."""
    misses = Counter(answer.question for answer in tries if answer.is_right is False)
    return next((each for each in wordings if misses[each] < MISSES_THAT_REVEAL), wordings[-1])


def was_right(question_id: str, tries: Tries) -> bool:
    return any(answer.is_right for answer in tries.get(question_id, ()))


def waiting(questions: Iterable[str], check: Collection[str], tries: Tries) -> tuple[str, ...]:
    """Those of a lesson's `questions` that keep it from being done: of its check what was never answered right, of all
    others what was not answered.
    """
    return tuple(
        question_id
        for question_id in questions
        if not (was_right(question_id, tries) if question_id in check else tries.get(question_id))
    )


def minutes_of_rest(minutes: float, left: int, asked: int) -> int:
    """Of a lesson that was begun: the share of the questions that nobody has answered yet, one at least.

    >>> minutes_of_rest(5.5, 3, 6), minutes_of_rest(5.5, 0, 6)
    (3, 1)
    """
    return max(1, ceil(minutes * left / (asked or 1)))


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
