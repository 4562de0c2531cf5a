"""A learner's own record of a course: steps, results, changes and certificates."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from courseware.accounts.models import Note
from courseware.assessment.certificates.external_training import trainings_of
from courseware.assessment.exams.objective_scores import by_module, exam_scores
from courseware.assessment.exams.pre_post_test import scores_of
from courseware.assessment.models import Certificate, ExamAttempt
from courseware.content.rendering.store import Step
from courseware.learner_home.next_action import LearnerProgress
from courseware.learning.due_dates.absence_shifts import absences_during, shifted_days
from courseware.learning.due_dates.extensions import may_ask
from courseware.learning.enrollments.adjustments import adjustments_of
from courseware.learning.enrollments.job_role import job_role_text
from courseware.learning.learner_context import LearnerContext
from courseware.learning.models import ChangeAcknowledgement, Enrollment, ExtensionRequest, LessonReport
from courseware.simulations.models import SimulationAttempt


@dataclass(frozen=True)
class RecordLine:
    """One step. `answers`, `right`: numbers of answers. `attempts`: submitted exams. `runs`: finished simulations."""

    step: Step
    answers: int
    right: int
    completed_at: datetime | None
    change_acknowledgements: tuple[ChangeAcknowledgement, ...]
    is_survey_answered: bool
    attempts: tuple[ExamAttempt, ...] = ()
    runs: tuple[SimulationAttempt, ...] = ()

    @property
    def best(self) -> ExamAttempt | None:
        return max(self.attempts, key=lambda attempt: attempt.points or 0, default=None)


def own_record(learner_context: LearnerContext) -> dict[str, object]:
    """Return the context of `learner_home/record.html`. "retired": number of completions of removed steps."""
    enrollment, steps = learner_context.enrollment, learner_context.outline.steps
    completions = dict(enrollment.completions.values_list("document__identifier", "completed_at"))
    answers = answer_counts(enrollment)
    seen = change_acknowledgements(enrollment)
    surveys = set(enrollment.survey_receipts.values_list("survey__identifier", flat=True))
    attempts, played = submitted_attempts(enrollment), finished_attempts(enrollment)
    lines = tuple(
        RecordLine(
            step,
            *answers.get(step.id, (0, 0)),
            completions.get(step.id),
            tuple(seen[step.id]),
            step.id in surveys,
            tuple(attempts[step.id]),
            tuple(played[step.id]),
        )
        for step in steps
    )
    scores = scores_of([enrollment.pk]).get(enrollment.pk, ())
    learner_progress = LearnerProgress(
        enrollment, learner_context.outline, learner_context.progress, timezone.now(), tuple(scores)
    )
    return {
        "lines": lines,
        "job_role": job_role_text(enrollment, learner_context.outline),
        "retired": len(completions.keys() - {step.id for step in steps}),
        "reports": LessonReport.objects.written_by(enrollment).count(),
        "certificate": certificate_of(enrollment),
        "earlier": earlier_with_certificates(enrollment),
        "outside": list(trainings_of(enrollment.learner, enrollment.course_id)),
        "adjustments": adjustments_of(enrollment, is_own=True),
        "absences": absences_during(enrollment),
        "shifted_days": shifted_days(enrollment),
        "extension_requests": list(ExtensionRequest.objects.of(enrollment)),
        "may_ask": may_ask(enrollment),
        "notes": list(Note.objects.about(enrollment.learner)),
        "point": learner_progress.pre_post_test,
        "asks_again": learner_progress.pre_post_test.may_ask_again and not enrollment.exempted_at,
        "is_practice_left": learner_progress.awaits_practice,
        "daily": daily_counts(enrollment),
        "objectives": by_module(exam_scores(enrollment), learner_context.outline),
    }


def change_acknowledgements(enrollment: Enrollment) -> dict[str, list[ChangeAcknowledgement]]:
    """Return document id → acknowledged changes of the enrollment; a defaultdict of []."""
    found = defaultdict(list)
    for seen in enrollment.change_acknowledgements.select_related("document"):
        found[seen.document.identifier].append(seen)
    return found


def daily_counts(enrollment: Enrollment) -> dict[str, int]:
    """Return {"answered": number of answered daily questions, "right": right ones among them}."""
    right = Count("pk", filter=Q(is_right=True))
    return enrollment.daily_answers.order_by().aggregate(answered=Count("pk"), right=right)


def certificate_of(enrollment: Enrollment) -> Certificate | None:
    return Certificate.objects.filter(enrollment=enrollment).first() if enrollment.completed_at else None


def earlier_with_certificates(enrollment: Enrollment) -> tuple[tuple[Enrollment, Certificate | None], ...]:
    enrollments = Enrollment.objects.before(enrollment).select_related("certificate")
    return tuple((each, getattr(each, "certificate", None)) for each in enrollments)


def submitted_attempts(enrollment: Enrollment) -> dict[str, list[ExamAttempt]]:
    """Return exam id → submitted attempts of the enrollment; a defaultdict of []."""
    attempts = defaultdict(list)
    for attempt in enrollment.attempts.submitted().select_related("exam"):
        attempts[attempt.exam.identifier].append(attempt)
    return attempts


def finished_attempts(enrollment: Enrollment) -> dict[str, list[SimulationAttempt]]:
    """Return simulation id → finished attempts of the enrollment, without what-if attempts; a defaultdict of []."""
    attempts = defaultdict(list)
    for attempt in enrollment.runs.on_record().finished().select_related("simulation"):
        attempts[attempt.simulation.identifier].append(attempt)
    return attempts


def answer_counts(enrollment: Enrollment) -> dict[str, tuple[int, int]]:
    """Return document id → (number of answers, right ones among them). Runs 1 query."""
    by_document = enrollment.answers.order_by().values("document__identifier")
    counts = by_document.annotate(tries=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    return {row["document__identifier"]: (row["tries"], row["right"]) for row in counts}
