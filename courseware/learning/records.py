"""What is kept about one run through a course, for the learner to see."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from courseware.content.serving import Step
from courseware.learning.models import Enrollment
from courseware.learning.reading import Reading


@dataclass(frozen=True)
class RecordLine:
    """One step: how often its questions were answered, how many of these tries were right, when it was done."""

    step: Step
    answers: int
    right: int
    completed_at: datetime | None
    is_survey_answered: bool


@dataclass(frozen=True)
class Record:
    """`retired` counts completions of documents that are no longer on the route: they are kept all the same.

    `earlier` are the runs before this one, each with the certificate the room above issued for it, or None.
    """

    lines: tuple[RecordLine, ...]
    retired: int
    reports: int
    earlier: tuple[tuple[Enrollment, object | None], ...]

    @property
    def answers(self) -> int:
        return sum(line.answers for line in self.lines)


def own_record(reading: Reading) -> Record:
    """Runs five queries."""
    enrollment, steps = reading.enrollment, reading.outline.steps
    completions = dict(enrollment.completions.values_list("document__identifier", "completed_at"))
    answers = answer_counts(enrollment)
    surveys = set(enrollment.survey_receipts.values_list("survey__identifier", flat=True))
    lines = tuple(
        RecordLine(step, *answers.get(step.id, (0, 0)), completions.get(step.id), step.id in surveys) for step in steps
    )
    runs = Enrollment.objects.before(enrollment).select_related("certificate")
    retired = len(completions.keys() - {step.id for step in steps})
    earlier = tuple((run, getattr(run, "certificate", None)) for run in runs)
    return Record(lines, retired, enrollment.reports.count(), earlier)


def answer_counts(enrollment: Enrollment) -> dict[str, tuple[int, int]]:
    """Document id → number of tries, and of right ones among them. Runs one query."""
    counts = enrollment.answers.order_by().values("document__identifier")
    counts = counts.annotate(tries=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    return {row["document__identifier"]: (row["tries"], row["right"]) for row in counts}
