"""With whom to talk: who goes on failing at one thing, or failed the exam and stopped, unless that was talked about.

Whoever has only stopped is written to, when the due day is near.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import CharField, Max, Value
from django.utils.translation import get_language

from courseware.assessment.models import Attempt
from courseware.assignments.models import Talk
from courseware.learning.models import Answer, Enrollment, EnrollmentQuerySet
from courseware.reporting import board_rows
from courseware.reporting.board_rows import BoardRow
from courseware.reporting.stuck import Obstacle, doubtful
from courseware.simulations.models import Colour, Run

LOOKED_AT = 500  # runs, the most urgent that were begun
IN_DOUBT = 100  # of these, looked at as rows


def talks_due(led: EnrollmentQuerySet, at: datetime) -> list[BoardRow]:
    """Of these open runs, the most urgent first. Runs as many statements for one as for five hundred."""
    begun = led.exclude(started_at=None).order_by("urgency", "pk")
    keys = list(begun.values_list("pk", flat=True)[:LOOKED_AT])
    in_doubt = set(doubtful(Enrollment.objects.filter(pk__in=keys), at)) if keys else set()
    if not in_doubt:
        return []
    urgent = [key for key in keys if key in in_doubt][:IN_DOUBT]
    language = get_language()
    rows = board_rows.rows(board_rows.facts_of(urgent, at), {}, board_rows.outlines(language), at)
    stopped = [row for row in rows if row.stuck.stops or row.stuck.has_failed]
    return not_talked_about(stopped)


def not_talked_about(rows: list[BoardRow]) -> list[BoardRow]:
    """Those who were not talked with since they last failed at what stops them."""
    talked = Talk.objects.last_about([row.enrollment.pk for row in rows])
    if not talked:
        return rows
    failings = last_failings(talked)
    return [row for row in rows if has_failed_since(row, talked.get(row.enrollment.pk), failings)]


def has_failed_since(
    row: BoardRow, talked_at: datetime | None, failings: Mapping[tuple[int, Obstacle], datetime]
) -> bool:
    if talked_at is None:
        return True
    last = (failings.get((row.enrollment.pk, stop)) for stop in obstacles(row))
    return any(at > talked_at for at in last if at)


def obstacles(row: BoardRow) -> Iterable[Obstacle]:
    yield from row.stuck.stops
    if row.stuck.has_failed:
        yield Obstacle(row.journey.outline.exam_id or "")


def last_failings(runs: Iterable[int]) -> dict[tuple[int, Obstacle], datetime]:
    """(key of a run, what was failed at) → when last. Runs one query."""
    own, nothing = {"enrollment__in": list(runs)}, Value("", CharField())
    answers = Answer.objects.filter(is_right=False, **own).order_by()
    reds = Run.objects.filter(branch_of=None, colour=Colour.RED, **own).order_by()
    exams = Attempt.objects.filter(is_passed=False, **own).order_by()
    failed = answers.values_list("enrollment", "document__identifier", "question").annotate(Max("answered_at"))
    red = reds.values_list("enrollment", "simulation__identifier", nothing).annotate(Max("finished_at"))
    exam = exams.values_list("enrollment", "exam__identifier", nothing).annotate(Max("submitted_at"))
    found = failed.union(red, exam, all=True)
    return {(run, Obstacle(step, question)): last for run, step, question, last in found}
