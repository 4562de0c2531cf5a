"""The tries at the questions of one lesson page. Tries at a question that has changed its shape since do not count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from courseware.content.questions import Question, from_dict
from courseware.content.serving import PageData
from courseware.learning.models import Answer, Enrollment

Tries = Mapping[str, list[Answer]]


def questions_of(page: PageData) -> dict[str, Question]:
    """The questions of a lesson by id, in reading order."""
    return {identifier: from_dict(data) for identifier, data in page.data["questions"].items()}


def tries_of(enrollment: Enrollment, page: PageData) -> Tries:
    """Question id → the learner's tries at it, oldest first. Runs one query."""
    shapes = {identifier: question.shape for identifier, question in questions_of(page).items()}
    tries = defaultdict(list)
    for answer in enrollment.answers.filter(document=page.document_id).order_by("pk"):
        if shapes.get(answer.question) == answer.shape:
            tries[answer.question].append(answer)
    return tries


def are_right(asked: Iterable[str], page: PageData, tries: Tries) -> bool:
    """Whether each of these questions was once answered right."""
    return all(any(answer.is_right for answer in tries.get(identifier, ())) for identifier in asked)
