"""The history of an enrollment for managers, without single answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from django.utils.html import strip_tags

from courseware.accounts.models import Absence, Note, User
from courseware.assessment.exams.practice_sets import practice_sets_of
from courseware.assessment.models import Certificate, ExamAttempt
from courseware.assignments.models import Conversation
from courseware.content.models import Document
from courseware.content.rendering.store import Outline
from courseware.learning.due_dates.absence_shifts import absences_during
from courseware.learning.due_dates.extensions import may_undo_refusal
from courseware.learning.enrollments.adjustments import adjustments_of, may_still, newest_lines
from courseware.learning.models import AdjustmentItem, Enrollment, ExtensionRequest


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline. The `title` of a talk is the manager's name.

    `kind`, also its CSS class: enrolled, completed, saw-change, passed, failed, drilled, waived, finished, adjusted,
    asked, away, noted, talked, withdrawn (certificate), measured (pre-check), measured-again (its parallel questions),
    or the colour of a simulation's ending.
    `may_undo`: whether it can be undone, a refusal by the manager who gave it.
    """

    at: datetime
    kind: str
    title: str = ""
    detail: str = ""
    line: AdjustmentItem | None = None
    away: Absence | None = None
    asked: ExtensionRequest | None = None
    note: Note | None = None
    may_undo: bool = False


def sittings(enrollment: Enrollment, outline: Outline, titles: Mapping[str, str]) -> Iterator[TimelineEntry]:
    """Exam attempts, and the practice sets done after them."""
    for attempt in enrollment.attempts.submitted().with_release():
        attempt.enrollment = enrollment
        title = titles.get(attempt.exam.identifier, attempt.exam.identifier)
        score = f"{attempt.points} / {attempt.max_points}"
        yield TimelineEntry(attempt.submitted_at, kind_of(attempt), title, score)
        yield from practice_done(attempt, outline)


def days_requested(enrollment: Enrollment) -> Iterator[TimelineEntry]:
    for number, request in enumerate(ExtensionRequest.objects.of(enrollment)):
        request.enrollment = enrollment
        may_undo = number == 0 and may_undo_refusal(request)  # of one that is not the newest it stays
        yield TimelineEntry(request.asked_at, "asked", asked=request, may_undo=may_undo)


def timeline(enrollment: Enrollment, outline: Outline, reader: User) -> list[TimelineEntry]:
    """The history of an enrollment and the notes about its person, newest first.

    Runs eleven queries, one more if anything was adjusted, one for each refusal, two for each pass with a practice set.
    """
    titles = {step.id: step.title for step in outline.steps}
    happenings = [TimelineEntry(enrollment.enrolled_at, "enrolled")]
    # Exams and simulations come with their attempts and runs, which say more.
    completions = enrollment.completions.exclude(document__kind__in=[Document.Kind.EXAM, Document.Kind.SIMULATION])
    for identifier, at in completions.values_list("document__identifier", "completed_at"):
        happenings.append(TimelineEntry(at, "completed", titles.get(identifier, identifier)))
    for seen in enrollment.change_acknowledgements.select_related("document"):
        title = titles.get(seen.document.identifier, seen.document.identifier)
        happenings.append(TimelineEntry(seen.seen_at, "saw-change", title, seen.get_outcome_display()))
    happenings += sittings(enrollment, outline, titles)
    for run in enrollment.runs.on_record().finished().select_related("simulation"):
        title = titles.get(run.simulation.identifier, run.simulation.identifier)
        happenings.append(TimelineEntry(run.finished_at, run.colour, title, run.get_colour_display()))
    lines = adjustments_of(enrollment, is_own=False)
    newest = newest_lines([enrollment.pk]) if lines else {}
    happenings += [
        TimelineEntry(line.made_at, "adjusted", line=line, may_undo=may_still(line, newest)) for line in lines
    ]
    if enrollment.exempted_at and enrollment.exempted_at not in {line.made_at for line in lines}:
        # By an earlier version, which did not keep by whom.
        happenings.append(TimelineEntry(enrollment.exempted_at, "waived", detail=enrollment.exemption_reason))
    happenings += days_requested(enrollment)
    happenings += [TimelineEntry(away.said_at, "away", away=away) for away in absences_during(enrollment)]
    happenings += noted_about_person(enrollment.learner, reader)
    talks = Conversation.objects.standing().filter(enrollment=enrollment).select_related("made_by")
    happenings += [TimelineEntry(talk.made_at, "talked", talk.made_by.name) for talk in talks]
    if enrollment.completed_at:
        happenings.append(TimelineEntry(enrollment.completed_at, "finished"))
    withdrawn = Certificate.objects.filter(enrollment=enrollment).values_list("revoked_at", flat=True)
    happenings += [TimelineEntry(at, "withdrawn") for at in withdrawn if at]
    # Slicing reverses equal times, too, unlike `reverse=True`: the later one in the list followed from the other.
    return sorted(happenings, key=lambda happening: happening.at)[::-1]


def noted_about_person(person: User, reader: User) -> Iterator[TimelineEntry]:
    for note in Note.objects.about(person):
        yield TimelineEntry(note.written_at, "noted", note=note, may_undo=note.may_be_withdrawn_by(reader))


def kind_of(attempt: ExamAttempt) -> str:
    if attempt.is_pre_check:
        return "measured" if attempt.number == 1 else "measured-again"
    return "passed" if attempt.is_passed else "failed"


def practice_done(attempt: ExamAttempt, outline: Outline) -> Iterator[TimelineEntry]:
    for drill in practice_sets_of(attempt):
        if drill.is_done:
            rule = unescape(strip_tags(outline.objective(drill.rule)))
            yield TimelineEntry(drill.answers[-1].answered_at, "drilled", rule)
