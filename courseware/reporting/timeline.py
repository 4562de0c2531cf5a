"""One person's run through a course, as a manager may see it: what was done and when, and no single answer."""

from dataclasses import dataclass
from datetime import datetime

from courseware.content.models import Document
from courseware.content.serving import Outline
from courseware.learning.models import Enrollment


@dataclass(frozen=True)
class Happening:
    """One line of the timeline. `kind` is enrolled, completed, passed, failed, waived or finished."""

    at: datetime
    kind: str
    title: str = ""
    detail: str = ""


def timeline(enrollment: Enrollment, outline: Outline) -> list[Happening]:
    """What is on record, newest first. Runs two queries."""
    titles = {step.id: step.title for step in outline.steps}
    happenings = [Happening(enrollment.enrolled_at, "enrolled")]
    # Of an exam its attempts say more.
    completions = enrollment.completions.exclude(document__kind=Document.Kind.EXAM)
    for identifier, at in completions.values_list("document__identifier", "completed_at"):
        happenings.append(Happening(at, "completed", titles.get(identifier, identifier)))
    for attempt in enrollment.attempts.exclude(submitted_at=None).select_related("exam"):
        title = titles.get(attempt.exam.identifier, attempt.exam.identifier)
        kind = "passed" if attempt.is_passed else "failed"
        happenings.append(Happening(attempt.submitted_at, kind, title, f"{attempt.points} / {attempt.max_points}"))
    if enrollment.waived_at:
        happenings.append(Happening(enrollment.waived_at, "waived", detail=enrollment.waived_reason))
    if enrollment.completed_at:
        happenings.append(Happening(enrollment.completed_at, "finished"))
    return sorted(happenings, key=lambda happening: happening.at, reverse=True)
