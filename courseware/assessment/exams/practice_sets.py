"""Practice sets: questions on a missed must-know rule, all to be answered right in a row before a pass counts."""

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
PRACTICE_ANSWERS = CompiledQuery(
    lambda attempts: PracticeAnswer.objects.filter(attempt__pk__in=attempts).order_by("pk")
)
PASSED = CompiledQuery(
    lambda enrollments: (
        ExamAttempt.objects.filter(enrollment__pk__in=enrollments, is_passed=True).with_release().order_by("number")
    )
)
SENT = sent_by(PracticeAnswer.objects.all(), owner="attempt__enrollment__learner", instant="answered_at")


class OtherQuestion(Exception):
    """The form's question is not asked now: another one is, no practice set is open, or the enrollment is exempt."""


@dataclass(frozen=True)
class PracticeSet:
    """`rule`: objective id; `bank`: document id; `needed`: right answers in a row; `answers`: oldest first."""

    rule: str
    bank: str
    needed: int
    answers: tuple[PracticeAnswer, ...]

    @property
    def streak(self) -> tuple[PracticeAnswer, ...]:
        """Right answers since the last wrong one."""
        wrong_positions = [position for position, answer in enumerate(self.answers) if not answer.is_right]
        return self.answers[wrong_positions[-1] + 1 :] if wrong_positions else self.answers

    @property
    def left(self) -> int:
        return max(0, self.needed - len(self.streak))

    @property
    def is_done(self) -> bool:
        return not self.left

    def sent_by(self, token: UUID) -> PracticeAnswer | None:
        """Return the stored answer of the form with this token, or None."""
        return next((answer for answer in self.answers if answer.token == token), None)

    def answers_at(self, question: str) -> list[PracticeAnswer]:
        return [answer for answer in self.answers if answer.question == question]


@dataclass(frozen=True)
class OwedPracticeSet:
    """The first open practice set of a passed attempt (an id). `rule`: objective id; `left`: right answers needed."""

    attempt: int
    rule: str
    left: int
    points: int
    max_points: int


@dataclass(frozen=True)
class PracticeQuestion:
    """A question to answer. `number`: of its answer in the practice set, from 1; `order_of` shuffles by number - 1."""

    number: int
    release: Release
    bank: PageData
    question: Question

    def answered(self, response: ResponseValue, **more: Any) -> PracticeAnswer:
        """Return a new, graded, unsaved answer. `more`: the fields `attempt`, `answered_at` and `token`."""
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
    """Return a practice set per missed must-know rule, complete or not; () without a pass, or if the exam has none."""
    return practice_sets_by_attempt([attempt])[attempt.pk]


def missed_rules(attempts: list[int]) -> dict[int, dict[str, list[PracticeAnswer]]]:
    """Return attempt id → objective id of a missed must-know rule → [], for its answers. Runs at most one query."""
    rules: dict[int, dict[str, list[PracticeAnswer]]] = defaultdict(dict)
    for key, rule in MISSED_RULES(attempts=attempts) if attempts else ():
        rules[key].setdefault(rule, [])
    return rules


def practice_sets_by_attempt(attempts: Collection[ExamAttempt]) -> dict[int, tuple[PracticeSet, ...]]:
    """Return attempt id → practice sets as in `practice_sets_of`. Runs at most two queries."""
    wanted = {attempt.pk: practice_wanted_by(attempt) for attempt in attempts if attempt.is_passed}
    rules = missed_rules([key for key, requirement in wanted.items() if requirement])
    for answer in PRACTICE_ANSWERS(attempts=list(rules)) if rules else ():
        if answer.objective in rules[answer.attempt_id]:
            rules[answer.attempt_id][answer.objective].append(answer)
    return {attempt.pk: practice_sets_on(rules.get(attempt.pk, {}), wanted.get(attempt.pk)) for attempt in attempts}


def owed_practice_sets(exams: Mapping[int, str]) -> dict[int, OwedPracticeSet]:
    """Return enrollment id → first open practice set of the last pass, if any. `exams`: enrollment id → identifier."""
    passed = {
        attempt.enrollment_id: attempt
        for attempt in PASSED(enrollments=list(exams))
        if attempt.exam.identifier == exams[attempt.enrollment_id]
    }
    sets = practice_sets_by_attempt(passed.values())
    open_sets = {key: next((each for each in sets[passed[key].pk] if not each.is_done), None) for key in passed}
    return {
        key: OwedPracticeSet(
            passed[key].pk, practice.rule, practice.left, passed[key].points or 0, passed[key].max_points
        )
        for key, practice in open_sets.items()
        if practice
    }


def practice_sets_on(rules: Mapping[str, list[PracticeAnswer]], requirement: Mapping | None) -> tuple[PracticeSet, ...]:
    """Return practice sets. `rules`: objective id → answers, oldest first; `requirement`: see `practice_wanted_by`."""
    if not requirement:
        return ()
    bank, needed = requirement["bank"], requirement["right"]
    return tuple(PracticeSet(rule, bank, needed, tuple(answers)) for rule, answers in rules.items())


def practice_wanted_by(attempt: ExamAttempt) -> Mapping | None:
    """Return {"bank": identifier, "right": answers needed in a row} of the attempt's exam; None without practice."""
    # Equal in all languages; "" avoids loading the source language.
    return store.page(attempt.release, attempt.exam.identifier, "").data["critical_drill"]


def questions_on(rule: str, bank: PageData) -> list[Question]:
    return [question for question in bank.questions.values() if question.objective == rule]


def is_practice_complete(attempt: ExamAttempt) -> bool:
    """Return whether the attempt has no open practice set; also True if it is not passed. Runs at most two queries."""
    return all(practice_set.is_done for practice_set in practice_sets_of(attempt))


def next_question(attempt: ExamAttempt, practice_set: PracticeSet, language: str) -> PracticeQuestion:
    """Return the next question of an open practice set of `attempt` (not checked). Runs one query."""
    # Use the bank of the attempt's release if the current one has too few questions on the rule.
    release = attempt.enrollment.release
    bank = find_page(release, practice_set.bank, language)
    if bank is None or len(questions_on(practice_set.rule, bank)) < practice_set.needed:
        release = attempt.release
        bank = store.page(release, practice_set.bank, language)
    asked = {answer.question for answer in practice_set.streak}
    candidates = [question for question in questions_on(practice_set.rule, bank) if question.id not in asked]
    # As of the last answer, so a reload asks the same question. The hash orders questions never seen.
    asked_since = (
        practice_set.answers[-1].answered_at if practice_set.answers else attempt.submitted_at or attempt.started_at
    )
    seen = seen_variants(attempt.enrollment, asked_since)

    def sort_key(question: Question) -> tuple[float, bytes]:
        return seen.turn(question.id), sha256(f"{attempt.pk}:{question.id}".encode()).digest()

    question = min(candidates, key=sort_key)
    return PracticeQuestion(len(practice_set.answers) + 1, release, bank, question)


def asked_by(attempt: ExamAttempt, practice_set: PracticeSet, question_id: str, number: int) -> PracticeQuestion:
    """Return the next question if it is the one of the form (id and answer `number`), else raise OtherQuestion."""
    if practice_set.is_done or attempt.enrollment.exempted_at:
        raise OtherQuestion(question_id)
    asked = next_question(attempt, practice_set, attempt.enrollment.source_language)
    if (asked.number, asked.question.id) != (number, question_id):
        raise OtherQuestion(question_id)
    return asked


def practice_set_on(rule: str, attempt: ExamAttempt) -> PracticeSet | None:
    """Return the attempt's practice set on `rule` (objective id), complete or not, or None. At most two queries."""
    return next((practice_set for practice_set in practice_sets_of(attempt) if practice_set.rule == rule), None)


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
    """Grade and store an answer, or return the stored one of the same form (`token`). It may complete the exam. `rule`:
    objective id; `raw`: as `Question.clean` takes it; `number`: from 1 in the practice set; `revision`: id of the
    bank's revision in the form. Raise OtherQuestion, QuestionChanged, NoSuchQuestion, TooFast, or ValueError for
    invalid input.
    """
    at = at or timezone.now()
    attempt.enrollment = lock(attempt.enrollment)
    practice_set = practice_set_on(rule, attempt)
    if practice_set is None:
        raise OtherQuestion(rule)
    if stored := practice_set.sent_by(token):
        return stored
    asked = asked_by(attempt, practice_set, question_id, number)
    question = question_of_form(asked.release, asked.bank, question_id, revision)
    response = question.clean(raw)
    refuse_too_many(SENT, attempt.enrollment.learner_id, at)
    stored = asked.answered(response, attempt=attempt, answered_at=at, token=token)
    store_new(stored, OtherQuestion(question_id))
    touch(attempt.enrollment, at)
    if len(practice_set.streak) + 1 >= practice_set.needed and stored.is_right:
        settle(attempt, rule, at)
    return stored


def settle(attempt: ExamAttempt, rule: str, at: datetime) -> None:
    """Log that the practice set on `rule` is complete; complete the exam if it was the last one."""
    record("practice-completed", actor=attempt.enrollment.learner, subject=attempt, data={"objective": rule}, at=at)
    if is_practice_complete(attempt):
        complete(attempt.enrollment, attempt.exam, revision=attempt.revision, outcome=Completion.Outcome.PASSED, at=at)
