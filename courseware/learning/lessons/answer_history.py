"""Answer history of the questions of a lesson. Answers do not count if the question had other options then."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil

from courseware.content.rendering import store
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Question, load_question
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.question_rendering import MISSES_THAT_REVEAL
from courseware.learning.models import Answer, Enrollment
from courseware.lib.db.compiled_query import CompiledQuery

logger = logging.getLogger(__name__)


AnswersByQuestion = Mapping[str, list[Answer]]
ANSWERS = CompiledQuery(
    lambda enrollment, document: Answer.objects.filter(enrollment=enrollment, document=document).order_by("pk")
)


def answers_of_lesson(enrollment: Enrollment, page: PageData) -> AnswersByQuestion:
    return counting_and_former(enrollment, page)[0]


def counting_and_former(enrollment: Enrollment, page: PageData) -> tuple[AnswersByQuestion, AnswersByQuestion]:
    """Return (id of the first variant → answers that count to any variant, variant id → answers to former options), as
    defaultdicts, oldest first. Answers to questions no longer in `page` are left out. Runs one query.
    """
    counting: dict[str, list[Answer]] = defaultdict(list)
    former: dict[str, list[Answer]] = defaultdict(list)
    for answer in ANSWERS(enrollment=enrollment.pk, document=page.document_id):
        answer.enrollment = enrollment
        question = page.questions.get(answer.question)
        if question:
            if question.shape == answer.shape:
                counting[page.first_variants[answer.question]].append(answer)
            else:
                former[answer.question].append(answer)
    return counting, former


def wording_asked(wordings: Sequence[str], tries: Sequence[Answer]) -> str:
    """Return the id of the first variant with fewer than MISSES_THAT_REVEAL wrong answers, else of the last one.
    `wordings`: ids of the variants, not empty. `tries`: answers to any of them.
    """
    misses = Counter(answer.question for answer in tries if answer.is_right is False)
    return next((each for each in wordings if misses[each] < MISSES_THAT_REVEAL), wordings[-1])


def was_right(question_id: str, tries: AnswersByQuestion) -> bool:
    return any(answer.is_right for answer in tries.get(question_id, ()))


def waiting(questions: Iterable[str], check: Collection[str], tries: AnswersByQuestion) -> tuple[str, ...]:
    """Return `questions` (ids) that keep a lesson open: not right yet if in `check` (ids), else not answered."""
    return tuple(
        question_id
        for question_id in questions
        if not (was_right(question_id, tries) if question_id in check else tries.get(question_id))
    )


def minutes_of_rest(minutes: float, left: int, asked: int) -> int:
    """Return the minutes for `left` of `asked` questions, at least one.

    >>> minutes_of_rest(5.5, 3, 6), minutes_of_rest(5.5, 0, 6)
    (3, 1)
    """
    return max(1, ceil(minutes * left / (asked or 1)))


def earlier_questions(context: LearnerContext, page: PageData, last: Sequence[Answer]) -> dict[str, Question]:
    """Return variant id → question as last answered, if it reads differently now. `last`: the last answer to each
    question, only to variants in `page`.
    """
    before = [answer for answer in last if answer.revision_id != page.revision_id]
    stored = stored_at(page.document_id, {answer.revision_id for answer in before}) if before else {}
    found = {}
    for answer in before:
        languages = stored.get(answer.revision_id, {})
        questions = languages.get(context.language) or languages.get(context.enrollment.source_language, {})
        then = load_question(questions[answer.question]) if answer.question in questions else None
        if then and not page.questions[answer.question].reads_as(then):
            found[answer.question] = then
    return found


def stored_at(document: int, revisions: set[int]) -> Mapping[int, Mapping[str, Mapping]]:
    """Return revision id → language → question id → stored question; {} if one cannot be read. `document`: its id."""
    try:
        return store.stored_questions_at(document, revisions)
    except Exception:
        # An earlier release may not fit today's grammar. The lesson does not need it.
        logger.exception("document %s: an earlier release of it cannot be read", document)
        return {}
