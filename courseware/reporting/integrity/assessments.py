"""Integrity checks of assessments: exams, answers, practice sets, simulations. Each yields a line per difference."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from django.db.models import Count, Exists, F, Max, OuterRef, Q

from courseware.assessment.exams.attempts import is_right
from courseware.assessment.exams.banks import bank, question_of
from courseware.assessment.exams.grading import reaches
from courseware.assessment.exams.practice_sets import PracticeSet, practice_sets_of
from courseware.assessment.models import DailyQuestionAnswer, ExamAttempt, PracticeAnswer, Response
from courseware.content.rendering import store
from courseware.course_format.questions.question_types import Question, load_question
from courseware.course_format.simulations.simulation import NotOffered
from courseware.learning.models import Answer, Completion
from courseware.simulations.models import SimulationAttempt
from courseware.simulations.replay import AttemptReplay, replay_of


def attempts() -> Iterator[str]:
    """Yield messages about attempts whose points, totals or results differ from their responses."""
    right = Count("responses", filter=Q(responses__is_right=True))
    for attempt in ExamAttempt.objects.annotate(right=right, asked=Count("responses")).order_by("pk").iterator():
        if attempt.asked != attempt.max_points:
            yield f"attempt {attempt.pk}: {attempt.max_points} points at most, {attempt.asked} questions asked"
        if attempt.submitted_at is None:
            continue
        if attempt.points != attempt.right:
            yield f"attempt {attempt.pk}: {attempt.points} points stored, {attempt.right} right responses"
        if attempt.pass_mark and attempt.is_passed != reaches(attempt.right, attempt.max_points, attempt.pass_mark):
            yield f"attempt {attempt.pk}: is_passed is {attempt.is_passed} at {attempt.right} of {attempt.max_points}"


def pass_marks() -> Iterator[str]:
    """Yield messages about attempts whose pass marks differ from their exams."""
    for attempt in ExamAttempt.objects.with_release().select_related("release__course").order_by("pk").iterator():
        page = store.page(attempt.release, attempt.exam.identifier, attempt.release.course.source_language)
        if attempt.pass_mark != page.data["pass_mark"]:
            yield f"attempt {attempt.pk}: pass_mark is {attempt.pass_mark}, its exam said {page.data['pass_mark']}"


def responses() -> Iterator[str]:
    """Yield messages about exam responses that do not fit their questions or grades."""
    needed = ("bank", "attempt__release__course")
    rows = Response.objects.select_related(*needed).defer("attempt__release__outlines").order_by("pk")
    for response in rows.iterator():
        try:
            question = question_of(response.attempt, response, response.attempt.release.course.source_language)
            graded = graded_again(response)
        except (KeyError, TypeError):
            yield f"response {response.pk}: does not answer a question of its bank"
            continue
        if response.is_right != graded:
            yield f"response {response.pk}: is_right is {response.is_right}, graded again it is {graded}"
        if (response.objective, response.is_critical) != (question.objective, question.critical):
            yield f"response {response.pk}: its must-know rule differs from its question"


def graded_again(response: Response) -> bool | None:
    """Return whether a response is right; None before submission. Raise KeyError or TypeError if not gradable."""
    attempt = response.attempt
    if attempt.submitted_at is None:
        return None
    return is_right(attempt, response, attempt.release.course.source_language)


def answers() -> Iterator[str]:
    """Yield messages about lesson answers that do not fit their questions or grades."""
    questions = lru_cache(maxsize=1)(questions_of)  # answers are sorted by revision
    for answer in Answer.objects.order_by("document", "revision", "pk").iterator():
        try:
            graded = questions(answer.document_id, answer.revision_id)[answer.question].grade(answer.response)
        except (KeyError, TypeError):
            yield f"answer {answer.pk}: does not answer a question of its lesson"
            continue
        if answer.is_right != graded:
            yield f"answer {answer.pk}: is_right is {answer.is_right}, graded again it is {graded}"


def questions_of(document: int, revision: int) -> Mapping[str, Question]:
    """Return question id → question of a revision (ids), {} if unreleased. All languages have the same answer keys."""
    stored = next(iter(store.stored_questions(document, revision).values()), {})
    return {identifier: load_question(question) for identifier, question in stored.items()}


def practice_answers() -> Iterator[str]:
    """Yield messages about practice answers that do not fit their questions or grades."""
    rows = PracticeAnswer.objects.select_related("bank", "release__course").defer("release__outlines").order_by("pk")
    for answer in rows.iterator():
        try:
            questions = bank(answer.release, answer.bank.identifier, answer.release.course.source_language)
            question = questions[answer.question]
            graded = question.grade(answer.response)
        except (KeyError, TypeError):
            yield f"practice answer {answer.pk}: does not answer a question of its bank"
            continue
        if answer.is_right != graded:
            yield f"practice answer {answer.pk}: is_right is {answer.is_right}, graded again it is {graded}"
        if answer.objective != question.objective:
            yield f"practice answer {answer.pk}: on {answer.objective}, its question is on {question.objective}"


def daily_answers() -> Iterator[str]:
    """Yield messages about daily answers unlike their questions or grades, and about gaps in their numbers."""
    for answer in DailyQuestionAnswer.objects.order_by("pk").iterator():
        question = questions_of(answer.document_id, answer.revision_id).get(answer.question)
        if question is None or question.objective != answer.objective:
            yield f"daily answer {answer.pk}: does not answer a question on {answer.objective}"
        elif answer.is_right != question.grade(answer.response):
            yield f"daily answer {answer.pk}: is_right is {answer.is_right}, graded again it is False"
    for key, last in with_a_gap(DailyQuestionAnswer, "enrollment"):
        yield f"enrollment {key}: daily answers up to number {last}, but fewer exist"


def positions_of_answers() -> Iterator[str]:
    """Yield messages about gaps in the numbers of exam attempts and practice answers."""
    for key, exam, last in with_a_gap(ExamAttempt, "enrollment", "exam__identifier"):
        yield f"enrollment {key}: attempts at {exam} up to number {last}, but fewer exist"
    for key, rule, last in with_a_gap(PracticeAnswer, "attempt", "objective"):
        yield f"attempt {key}: practice answers on {rule} up to number {last}, but fewer exist"


def with_a_gap(model, *of):
    """Return rows (fields `of`, highest `number`) of each group by `of` whose numbers 1, 2, 3 … have a gap."""
    rows = model.objects.order_by().values(*of).annotate(last=Max("number"), rows=Count("pk"))
    return rows.exclude(last=F("rows")).order_by(*of).values_list(*of, "last")


def passes() -> Iterator[str]:
    """Yield messages about exams completed as passed without a passed attempt."""
    passed = ExamAttempt.objects.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"), is_passed=True)
    with_marks = Completion.objects.filter(document__kind="exam", outcome=Completion.Outcome.PASSED)
    for pk in with_marks.filter(~Exists(passed)).values_list("pk", flat=True):
        yield f"completion {pk}: the exam has no passed attempt"


def pre_checks() -> Iterator[str]:
    """Yield messages about submitted pre-tests that are not completed, and completed ones that were not submitted."""
    taken = ExamAttempt.objects.submitted().filter(pass_mark=None)
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    for pk in taken.filter(~Exists(completion)).values_list("pk", flat=True):
        yield f"attempt {pk}: is submitted, but its pre-test is not completed"
    taken = taken.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"))
    without_marks = Completion.objects.filter(document__kind="exam", outcome=Completion.Outcome.COMPLETED)
    for pk in without_marks.filter(~Exists(taken)).values_list("pk", flat=True):
        yield f"completion {pk}: the pre-test was not submitted"


def practice_sets() -> Iterator[str]:
    """Yield messages about passed exams whose completion does not match their practice sets, and repeated questions."""
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    passed = ExamAttempt.objects.filter(is_passed=True).annotate(is_completed=Exists(completion))
    for attempt in passed.select_related("enrollment__course").with_release().order_by("pk").iterator():
        practice_sets = practice_sets_of(attempt)
        owed = [practice_set.rule for practice_set in practice_sets if not practice_set.is_done]
        if not attempt.is_completed and not owed:
            yield f"attempt {attempt.pk}: is passed, but its exam is not completed"
        elif attempt.is_completed and owed:
            yield f"attempt {attempt.pk}: its exam is completed before the practice set on {', '.join(owed)}"
        for rule in rules_with_a_repeated_question(practice_sets):
            yield f"attempt {attempt.pk}: the same question twice in a row of correct answers on {rule}"


def rules_with_a_repeated_question(practice_sets: Iterable[PracticeSet]) -> Iterator[str]:
    for practice_set in practice_sets:
        if len({answer.question for answer in practice_set.streak}) < len(practice_set.streak):
            yield practice_set.rule


def simulation_attempts() -> Iterator[str]:
    """Yield messages about attempts with another result when replayed, or that count without a completed simulation."""
    rows = (
        SimulationAttempt.objects.select_related("simulation", "release__course")
        .defer("release__outlines")
        .order_by("pk")
    )
    completed = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("simulation"))
    for attempt in rows.annotate(is_completed=Exists(completed)).iterator():
        try:
            replay = replay_of(attempt)
            yield from differences_of(attempt, replay)
            if replay.is_done and not attempt.is_practice and not attempt.is_completed:
                yield f"simulation attempt {attempt.pk}: counts, but its simulation is not completed"
        except (NotOffered, KeyError):
            yield f"simulation attempt {attempt.pk}: its decisions do not fit the simulation it started with"


def differences_of(attempt: SimulationAttempt, replay: AttemptReplay) -> Iterator[str]:
    for position, step in enumerate(replay.steps, start=1):
        decision = step.decision
        points = replay.rules.points(step.before.place, step.place, step.picked)
        stored = (decision.position, decision.node, decision.meters, decision.points)
        if stored != (position, step.before.place, dict(step.after.meters), points):
            yield f"decision {decision.pk}: replayed it has other values"
    played = (replay.ending.id, replay.ending.colour, replay.points) if replay.ending else ("", "", None)
    if (attempt.ending, attempt.colour, attempt.points) != played or bool(attempt.finished_at) != bool(replay.ending):
        endings = f"ends in {attempt.ending or 'nothing'}, replayed in {played[0] or 'nothing'}"
        yield f"simulation attempt {attempt.pk}: {endings}"


def endings() -> Iterator[str]:
    """Yield messages about completed simulations without a finished attempt, not counting what-if attempts."""
    completions = Completion.objects.filter(document__kind="simulation")
    ended = SimulationAttempt.objects.on_record().finished()
    played = ended.filter(enrollment=OuterRef("enrollment"), simulation=OuterRef("document"))
    for pk in completions.filter(~Exists(played)).values_list("pk", flat=True):
        yield f"completion {pk}: the simulation has no finished attempt"
