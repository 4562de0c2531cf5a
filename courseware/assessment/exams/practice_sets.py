"""The drill on a missed critical rule: some questions on it, all right in a row, before a pass completes the exam.

Its state derives from the attempt and the drill answers. How many answers it needs comes from the release of the
attempt, its questions from the current release.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseware.assessment.exams.banks import find_page
from courseware.assessment.exams.variant_rotation import seen_variants
from courseware.assessment.models import ExamAttempt, PracticeAnswer, Response
from courseware.audit_log.record import record
from courseware.content.models import Release
from courseware.content.rendering import store
from courseware.content.rendering.store import PageData
from courseware.course_format.questions.question_types import Question, ResponseValue
from courseware.learning.lessons.answers import question_of_form, store_new
from courseware.learning.lessons.rate_limits import refuse_too_many, sent_by
from courseware.learning.models import Completion
from courseware.learning.status.completion import complete, lock, touch
from courseware.lib.db.compiled_query import CompiledQuery

MISSED_RULES = CompiledQuery(
    lambda attempts: (
        Response.objects.filter(attempt__pk__in=attempts, is_critical=True, is_right=False)
        .order_by("attempt", "position")
        .values_list("attempt", "objective")
    )
)
DRILL_ANSWERS = CompiledQuery(lambda attempts: PracticeAnswer.objects.filter(attempt__pk__in=attempts).order_by("pk"))
PASSED = CompiledQuery(
    lambda enrollments: (
        ExamAttempt.objects.filter(enrollment__pk__in=enrollments, is_passed=True).with_release().order_by("number")
    )
)
SENT = sent_by(PracticeAnswer.objects.all(), owner="attempt__enrollment__learner", instant="answered_at")


class OtherQuestion(Exception):
    """The drill asks another question by now, or is over."""


@dataclass(frozen=True)
class PracticeSet:
    """`rule`: an objective; `needed`: right answers in a row; `answers`: oldest first."""

    rule: str
    bank: str
    needed: int
    answers: tuple[PracticeAnswer, ...]

    @property
    def streak(self) -> tuple[PracticeAnswer, ...]:
        misses = [place for place, answer in enumerate(self.answers) if not answer.is_right]
        return self.answers[misses[-1] + 1 :] if misses else self.answers

    @property
    def left(self) -> int:
        return max(0, self.needed - len(self.streak))

    @property
    def is_done(self) -> bool:
        return not self.left

    def sent_by(self, token: UUID) -> PracticeAnswer | None:
        return next((answer for answer in self.answers if answer.token == token), None)

    def answers_at(self, question: str) -> list[PracticeAnswer]:
        return [answer for answer in self.answers if answer.question == question]


@dataclass(frozen=True)
class OwedPracticeSet:
    """The first open drill of a passed attempt (a primary key); `left`: right answers still needed."""

    attempt: int
    rule: str
    left: int
    points: int
    max_points: int


@dataclass(frozen=True)
class PracticeQuestion:
    """`number` - 1 is the count of tries that `question_rendering.order_of` shuffles by."""

    number: int
    release: Release
    bank: PageData
    question: Question

    def answered(self, response: ResponseValue, **more: Any) -> PracticeAnswer:
        """A new answer, not saved yet; `more` are the fields that do not depend on the question."""
        return PracticeAnswer(
            objective=self.question.objective,
            number=self.number,
            release=self.release,
            bank_id=self.bank.document_id,
            revision_id=self.bank.revision_id,
            question=self.question.id,
            response=response,
            is_right=bool(self.question.grade(response)),
            **more,
        )


def practice_sets_of(attempt: ExamAttempt) -> tuple[PracticeSet, ...]:
    """One for each critical rule that the passed attempt missed, in the order of its questions. At most two queries."""
    return practice_sets_by_attempt([attempt])[attempt.pk]


def missed_rules(attempts: list[int]) -> dict[int, dict[str, list[PracticeAnswer]]]:
    """Attempt → objective → an empty list for its answers. At most one query."""
    rules: dict[int, dict[str, list[PracticeAnswer]]] = defaultdict(dict)
    for key, rule in MISSED_RULES(attempts=attempts) if attempts else ():
        rules[key].setdefault(rule, [])
    return rules


def practice_sets_by_attempt(attempts: Collection[ExamAttempt]) -> dict[int, tuple[PracticeSet, ...]]:
    """`practice_sets_of` by primary key of the attempt. At most two queries."""
    wanted = {attempt.pk: practice_wanted_by(attempt) for attempt in attempts if attempt.is_passed}
    rules = missed_rules([key for key, requirement in wanted.items() if requirement])
    for answer in DRILL_ANSWERS(attempts=list(rules)) if rules else ():
        if answer.objective in rules[answer.attempt_id]:
            rules[answer.attempt_id][answer.objective].append(answer)
    return {attempt.pk: practice_sets_on(rules.get(attempt.pk, {}), wanted.get(attempt.pk)) for attempt in attempts}


def owed_practice_sets(exams: Mapping[int, str]) -> dict[int, OwedPracticeSet]:
    """By primary key of the enrollment. `exams`: the id of the exam of each. At most three queries."""
    passed = {
        attempt.enrollment_id: attempt
        for attempt in PASSED(enrollments=list(exams))
        if attempt.exam.identifier == exams[attempt.enrollment_id]
    }
    drills = practice_sets_by_attempt(passed.values())
    open_ones = {key: next((each for each in drills[passed[key].pk] if not each.is_done), None) for key in passed}
    return {
        key: OwedPracticeSet(passed[key].pk, drill.rule, drill.left, passed[key].points or 0, passed[key].max_points)
        for key, drill in open_ones.items()
        if drill
    }


def practice_sets_on(rules: Mapping[str, list[PracticeAnswer]], requirement: Mapping | None) -> tuple[PracticeSet, ...]:
    if not requirement:
        return ()
    bank, needed = requirement["bank"], requirement["right"]
    return tuple(PracticeSet(rule, bank, needed, tuple(answers)) for rule, answers in rules.items())


def practice_wanted_by(attempt: ExamAttempt) -> Mapping | None:
    """`critical_drill` of the exam in the release the attempt began with: {"bank", "right"} or None."""
    # The same in each language; "" gives that of the course, which need not be loaded for it.
    return store.page(attempt.release, attempt.exam.identifier, "").data["critical_drill"]


def questions_on(rule: str, bank: PageData) -> list[Question]:
    return [question for question in bank.questions.values() if question.objective == rule]


def is_settled(attempt: ExamAttempt) -> bool:
    """Whether a passed attempt needs no further drill. At most two queries."""
    return all(drill.is_done for drill in practice_sets_of(attempt))


def next_question(attempt: ExamAttempt, drill: PracticeSet, language: str) -> PracticeQuestion:
    """Runs a query."""
    # The bank of the attempt is used if the current one has too few questions on the rule.
    release = attempt.enrollment.release
    bank = find_page(release, drill.bank, language)
    if bank is None or len(questions_on(drill.rule, bank)) < drill.needed:
        release = attempt.release
        bank = store.page(release, drill.bank, language)
    asked = {answer.question for answer in drill.streak}
    fresh = [question for question in questions_on(drill.rule, bank) if question.id not in asked]
    # As of the last answer, so that a reload asks the same question. The hash orders questions never met.
    asked_since = drill.answers[-1].answered_at if drill.answers else attempt.submitted_at or attempt.started_at
    met = seen_variants(attempt.enrollment, asked_since)

    def place(question: Question) -> tuple[float, bytes]:
        return met.turn(question.id), sha256(f"{attempt.pk}:{question.id}".encode()).digest()

    question = min(fresh, key=place)
    return PracticeQuestion(len(drill.answers) + 1, release, bank, question)


def asked_by(attempt: ExamAttempt, drill: PracticeSet, question_id: str, number: int) -> PracticeQuestion:
    """The next question, if it is the one of the form. Raises OtherQuestion."""
    if drill.is_done or attempt.enrollment.exempted_at:
        raise OtherQuestion(question_id)
    asked = next_question(attempt, drill, attempt.enrollment.source_language)
    if (asked.number, asked.question.id) != (number, question_id):
        raise OtherQuestion(question_id)
    return asked


def practice_set_on(rule: str, attempt: ExamAttempt) -> PracticeSet | None:
    """The drill of the attempt on a rule, done or not. At most two queries."""
    return next((drill for drill in practice_sets_of(attempt) if drill.rule == rule), None)


@transaction.atomic
def answer(
    attempt: ExamAttempt,
    rule: str,
    question_id: str,
    raw: list[str],
    *,
    number: int,
    revision: int,
    token: UUID,
    at: datetime | None = None,
) -> PracticeAnswer:
    """Grade and save the answer with this number, or return the stored one of the same form (`token`).

    `raw` is as `Question.clean` takes it, `revision` the key of the bank's revision that the form showed. Raises
    OtherQuestion, QuestionChanged, NoSuchQuestion, TooFast, and ValueError for invalid input.
    """
    at = at or timezone.now()
    attempt.enrollment = lock(attempt.enrollment)
    drill = practice_set_on(rule, attempt)
    if drill is None:
        raise OtherQuestion(rule)
    if stored := drill.sent_by(token):
        return stored
    asked = asked_by(attempt, drill, question_id, number)
    question = question_of_form(asked.release, asked.bank, question_id, revision)
    response = question.clean(raw)
    refuse_too_many(SENT, attempt.enrollment.learner_id, at)
    stored = asked.answered(response, attempt=attempt, answered_at=at, token=token)
    store_new(stored, OtherQuestion(question_id))
    touch(attempt.enrollment, at)
    if len(drill.streak) + 1 >= drill.needed and stored.is_right:
        settle(attempt, rule, at)
    return stored


def settle(attempt: ExamAttempt, rule: str, at: datetime) -> None:
    record("practice-completed", actor=attempt.enrollment.learner, subject=attempt, data={"objective": rule}, at=at)
    if is_settled(attempt):
        complete(attempt.enrollment, attempt.exam, revision=attempt.revision, outcome=Completion.Outcome.PASSED, at=at)
