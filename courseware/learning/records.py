"""What is kept about one run through a course, for the learner to see."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from courseware.content.compiled.serving import Step
from courseware.learning.models import Enrollment
from courseware.learning.reading import Reading


@dataclass(frozen=True)
class RecordLine:
    """One step: how often its questions were answered, how many of these tries were right, when it was done.

    `attempts` are those handed in at an exam or a pre-check, `runs` those of a simulation that came to an end, as the
    rooms above keep them.
    """

    step: Step
    answers: int
    right: int
    completed_at: datetime | None
    is_survey_answered: bool
    attempts: tuple = ()
    runs: tuple = ()

    @property
    def best(self):
        """The attempt with the most points; None without one."""
        return max(self.attempts, key=lambda attempt: attempt.points, default=None)


@dataclass(frozen=True)
class Record:
    """`retired` counts completions of documents that are no longer on the route: they are kept all the same.

    `earlier` are the runs before this one, each with the certificate the room above issued for it, or None.
    `point` is the starting point as that room keeps it, `asks_again` whether its parallel questions wait,
    `is_drill_left` whether the exam is passed and a drill on a missed rule holds it.
    """

    lines: tuple[RecordLine, ...]
    retired: int
    reports: int
    earlier: tuple[tuple[Enrollment, object | None], ...]
    point: object
    asks_again: bool
    is_drill_left: bool

    @property
    def answers(self) -> int:
        return sum(line.answers for line in self.lines)


def own_record(reading: Reading) -> Record:
    """Runs eight queries."""
    enrollment, steps = reading.enrollment, reading.outline.steps
    completions = dict(enrollment.completions.values_list("document__identifier", "completed_at"))
    answers = answer_counts(enrollment)
    surveys = set(enrollment.survey_receipts.values_list("survey__identifier", flat=True))
    attempts, played = submitted_attempts(enrollment), finished_runs(enrollment)
    lines = tuple(
        RecordLine(
            step,
            *answers.get(step.id, (0, 0)),
            completions.get(step.id),
            step.id in surveys,
            attempts.get(step.id, ()),
            played.get(step.id, ()),
        )
        for step in steps
    )
    runs = Enrollment.objects.before(enrollment).select_related("certificate")
    retired = len(completions.keys() - {step.id for step in steps})
    earlier = tuple((run, getattr(run, "certificate", None)) for run in runs)
    point = enrollment.attempts.starting_point(reading.outline)
    return Record(
        lines=lines,
        retired=retired,
        reports=enrollment.reports.count(),
        earlier=earlier,
        point=point,
        asks_again=point.may_ask_again and not enrollment.waived_at,
        is_drill_left=enrollment.is_open
        and any(each.is_passed for line in lines if not line.completed_at for each in line.attempts),
    )


def submitted_attempts(enrollment: Enrollment) -> dict[str, tuple]:
    """Document id → the attempts handed in at it, the first one first. Runs one query."""
    found: dict[str, tuple] = {}
    for attempt in enrollment.attempts.submitted().select_related("exam"):
        found[attempt.exam.identifier] = (*found.get(attempt.exam.identifier, ()), attempt)
    return found


def finished_runs(enrollment: Enrollment) -> dict[str, tuple]:
    """Document id → the runs that came to an end, without those that only tried a branch out. Runs one query."""
    found: dict[str, tuple] = {}
    for run in enrollment.runs.on_record().finished().select_related("simulation"):
        found[run.simulation.identifier] = (*found.get(run.simulation.identifier, ()), run)
    return found


def answer_counts(enrollment: Enrollment) -> dict[str, tuple[int, int]]:
    """Document id → number of tries, and of right ones among them. Runs one query."""
    counts = enrollment.answers.order_by().values("document__identifier")
    counts = counts.annotate(tries=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    return {row["document__identifier"]: (row["tries"], row["right"]) for row in counts}
