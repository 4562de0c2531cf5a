"""Grade and play again: whether attempts, drills, answers and simulation runs still say the same."""

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
    right = Count("responses", filter=Q(responses__is_right=True))
    for attempt in ExamAttempt.objects.annotate(right=right, asked=Count("responses")).order_by("pk").iterator():
        if attempt.asked != attempt.max_points:
            yield f"attempt {attempt.pk}: {attempt.max_points} points to be had, {attempt.asked} questions asked"
        if attempt.submitted_at is None:
            continue
        if attempt.points != attempt.right:
            yield f"attempt {attempt.pk}: {attempt.points} points kept, {attempt.right} right responses"
        if attempt.pass_mark and attempt.is_passed != reaches(attempt.right, attempt.max_points, attempt.pass_mark):
            yield f"attempt {attempt.pk}: is_passed is {attempt.is_passed} at {attempt.right} of {attempt.max_points}"


def pass_marks() -> Iterator[str]:
    for attempt in ExamAttempt.objects.with_release().select_related("release__course").order_by("pk").iterator():
        page = store.page(attempt.release, attempt.exam.identifier, attempt.release.course.source_language)
        if attempt.pass_mark != page.data["pass_mark"]:
            yield f"attempt {attempt.pk}: pass_mark is {attempt.pass_mark}, its exam said {page.data['pass_mark']}"


def responses() -> Iterator[str]:
    needed = ("bank", "attempt__release__course")
    rows = Response.objects.select_related(*needed).defer("attempt__release__outlines").order_by("pk")
    for response in rows.iterator():
        try:
            question = question_of(response.attempt, response, response.attempt.release.course.source_language)
            graded = graded_again(response)
        except (KeyError, TypeError):
            yield f"response {response.pk}: is no answer to a question that its bank held"
            continue
        if response.is_right != graded:
            yield f"response {response.pk}: is_right is {response.is_right}, graded again it is {graded}"
        if (response.objective, response.is_critical) != (question.objective, question.critical):
            yield f"response {response.pk}: another rule than its question asks"


def graded_again(response: Response) -> bool | None:
    """None before the attempt is submitted. Raises KeyError or TypeError if it cannot be graded."""
    attempt = response.attempt
    if attempt.submitted_at is None:
        return None
    return is_right(attempt, response, attempt.release.course.source_language)


def answers() -> Iterator[str]:
    questions = lru_cache(maxsize=1)(questions_of)  # answers come by revision
    for answer in Answer.objects.order_by("document", "revision", "pk").iterator():
        try:
            graded = questions(answer.document_id, answer.revision_id)[answer.question].grade(answer.response)
        except (KeyError, TypeError):
            yield f"answer {answer.pk}: is no answer to a question that its lesson asked"
            continue
        if answer.is_right != graded:
            yield f"answer {answer.pk}: is_right is {answer.is_right}, graded again it is {graded}"


def questions_of(document: int, revision: int) -> Mapping[str, Question]:
    """Question id → question of a released revision, in any language: keys are the same in all."""
    stored = next(iter(store.stored_questions(document, revision).values()), {})
    return {identifier: load_question(question) for identifier, question in stored.items()}


def practice_answers() -> Iterator[str]:
    rows = PracticeAnswer.objects.select_related("bank", "release__course").defer("release__outlines").order_by("pk")
    for answer in rows.iterator():
        try:
            questions = bank(answer.release, answer.bank.identifier, answer.release.course.source_language)
            question = questions[answer.question]
            graded = question.grade(answer.response)
        except (KeyError, TypeError):
            yield f"drill answer {answer.pk}: is no answer to a question that its bank held"
            continue
        if answer.is_right != graded:
            yield f"drill answer {answer.pk}: is_right is {answer.is_right}, graded again it is {graded}"
        if answer.objective != question.objective:
            yield f"drill answer {answer.pk}: on {answer.objective}, its question is on {question.objective}"


def daily_answers() -> Iterator[str]:
    """Answers are as their questions grade them, and numbered without a gap in each enrollment."""
    for answer in DailyQuestionAnswer.objects.order_by("pk").iterator():
        question = questions_of(answer.document_id, answer.revision_id).get(answer.question)
        if question is None or question.objective != answer.objective:
            yield f"daily answer {answer.pk}: is no answer to a question on {answer.objective}"
        elif answer.is_right != question.grade(answer.response):
            yield f"daily answer {answer.pk}: is_right is {answer.is_right}, graded again it is not"
    for key, last in with_a_gap(DailyQuestionAnswer, "enrollment"):
        yield f"enrollment {key}: daily answers up to number {last}, and not as many"


def positions_of_answers() -> Iterator[str]:
    for key, exam, last in with_a_gap(ExamAttempt, "enrollment", "exam__identifier"):
        yield f"enrollment {key}: attempts at {exam} up to number {last}, and not as many"
    for key, rule, last in with_a_gap(PracticeAnswer, "attempt", "objective"):
        yield f"attempt {key}: drill answers on {rule} up to number {last}, and not as many"


def with_a_gap(model, *of):
    """(values of the fields `of`, highest number) of each group of rows whose numbers have a gap."""
    rows = model.objects.order_by().values(*of).annotate(last=Max("number"), rows=Count("pk"))
    return rows.exclude(last=F("rows")).order_by(*of).values_list(*of, "last")


def passes() -> Iterator[str]:
    passed = ExamAttempt.objects.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"), is_passed=True)
    with_marks = Completion.objects.filter(document__kind="exam", outcome=Completion.Outcome.PASSED)
    for pk in with_marks.filter(~Exists(passed)).values_list("pk", flat=True):
        yield f"completion {pk}: of an exam without a passed attempt"


def pre_checks() -> Iterator[str]:
    """A submitted pre-check completes its document, and nothing else does."""
    taken = ExamAttempt.objects.submitted().filter(pass_mark=None)
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    for pk in taken.filter(~Exists(completion)).values_list("pk", flat=True):
        yield f"attempt {pk}: is handed in, and its pre-check is not completed"
    taken = taken.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"))
    without_marks = Completion.objects.filter(document__kind="exam", outcome=Completion.Outcome.COMPLETED)
    for pk in without_marks.filter(~Exists(taken)).values_list("pk", flat=True):
        yield f"completion {pk}: of a pre-check that was not handed in"


def drills() -> Iterator[str]:
    """An exam is completed once it is passed and every drill is done, and not before."""
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    passed = ExamAttempt.objects.filter(is_passed=True).annotate(is_completed=Exists(completion))
    for attempt in passed.select_related("enrollment__course").with_release().order_by("pk").iterator():
        attempt_drills = practice_sets_of(attempt)
        owed = [drill.rule for drill in attempt_drills if not drill.is_done]
        if not attempt.is_completed and not owed:
            yield f"attempt {attempt.pk}: is passed, and its exam is not completed"
        elif attempt.is_completed and owed:
            yield f"attempt {attempt.pk}: its exam is completed before the drill on {', '.join(owed)}"
        for rule in rules_with_a_repeated_question(attempt_drills):
            yield f"attempt {attempt.pk}: a question twice in a row of right answers on {rule}"


def rules_with_a_repeated_question(attempt_drills: Iterable[PracticeSet]) -> Iterator[str]:
    for drill in attempt_drills:
        if len({answer.question for answer in drill.streak}) < len(drill.streak):
            yield drill.rule


def runs() -> Iterator[str]:
    rows = (
        SimulationAttempt.objects.select_related("simulation", "release__course")
        .defer("release__outlines")
        .order_by("pk")
    )
    completed = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("simulation"))
    for run in rows.annotate(is_completed=Exists(completed)).iterator():
        try:
            trail = replay_of(run)
            yield from differences_of(run, trail)
            if trail.is_done and not run.is_practice and not run.is_completed:
                yield f"run {run.pk}: ended so that it counts, and its simulation is not completed"
        except (NotOffered, KeyError):
            yield f"run {run.pk}: its decisions cannot be taken in the simulation it began with"


def differences_of(run: SimulationAttempt, trail: AttemptReplay) -> Iterator[str]:
    for position, step in enumerate(trail.steps, start=1):
        decision = step.decision
        points = trail.rules.points(step.before.place, step.place, step.picked)
        stored = (decision.position, decision.node, decision.meters, decision.points)
        if stored != (position, step.before.place, dict(step.after.meters), points):
            yield f"decision {decision.pk}: played again it says something else"
    played = (trail.ending.id, trail.ending.colour, trail.points) if trail.ending else ("", "", None)
    if (run.ending, run.colour, run.points) != played or bool(run.finished_at) != bool(trail.ending):
        yield f"run {run.pk}: ends in {run.ending or 'nothing'}, played again in {played[0] or 'nothing'}"


def endings() -> Iterator[str]:
    """A simulation is completed by a finished run that is no branch."""
    completions = Completion.objects.filter(document__kind="simulation")
    ended = SimulationAttempt.objects.on_record().finished()
    played = ended.filter(enrollment=OuterRef("enrollment"), simulation=OuterRef("document"))
    for pk in completions.filter(~Exists(played)).values_list("pk", flat=True):
        yield f"completion {pk}: of a simulation without a run that came to an end"
