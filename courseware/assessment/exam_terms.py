"""What an exam asks of whoever is to sit it."""

from dataclasses import dataclass

from courseware.assessment.grading import points_needed
from courseware.content.compiled.serving import PageData
from courseware.language.metadata import attempts_in_a_row


@dataclass(frozen=True)
class ExamTerms:
    """`needed` of the `questions` pass; `allowed` attempts follow each other, of which the next is number `number`."""

    questions: int
    needed: int
    minutes: int
    has_limit: bool
    number: int
    allowed: int


def questions_in(exam: PageData) -> int:
    return sum(stratum["draw"] for stratum in exam.data["strata"])


def exam_terms(exam: PageData, submitted: int) -> ExamTerms:
    """`submitted` is how often it was sat so far."""
    questions, allowed = questions_in(exam), attempts_in_a_row(exam.data["retakes"])
    return ExamTerms(
        questions=questions,
        needed=points_needed(questions, exam.data["pass_mark"]),
        minutes=exam.data["minutes"],
        has_limit=exam.data["time_limit"] is not None,
        number=submitted % allowed + 1,
        allowed=allowed,
    )
