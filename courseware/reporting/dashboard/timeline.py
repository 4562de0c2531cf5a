"""Timeline of an enrollment and recent emails to a person, for managers: without single answers, texts and links."""

from collections.abc import Iterable, Iterator, Mapping
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
from courseware.learning.enrollments.adjustments import adjustments_of, can_undo, newest_lines
from courseware.learning.models import AdjustmentItem, Enrollment, ExtensionRequest
from courseware.notifications.models import DeliveryState, OutgoingEmail

EMAILS_SHOWN = 5
DID_NOT_ARRIVE = {DeliveryState.REFUSED, DeliveryState.BOUNCED, DeliveryState.GIVEN_UP}
SAYS_NOTHING = {DeliveryState.QUEUED, DeliveryState.SKIPPED}  # about the address


@dataclass(frozen=True)
class TimelineEntry:
    """One entry. `title` of a conversation is the manager's name. `kind`, also the CSS class: enrolled, completed,
    saw-change, passed, failed, practiced (practice set), exempted, finished, adjusted, asked (extension), away,
    noted, talked, withdrawn (certificate), measured (pre-test), measured-again (post-test), or the outcome of a
    simulation. `may_undo`: whether it can be undone.
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
    """Yield submitted exams and tests, and completed practice sets. `titles`: step id → title; else the id is shown."""
    for attempt in enrollment.attempts.submitted().with_release():
        attempt.enrollment = enrollment
        title = titles.get(attempt.exam.identifier, attempt.exam.identifier)
        score = f"{attempt.points} / {attempt.max_points}"
        yield TimelineEntry(attempt.submitted_at, kind_of(attempt), title, score)
        yield from practice_done(attempt, outline)


def days_requested(enrollment: Enrollment) -> Iterator[TimelineEntry]:
    for number, request in enumerate(ExtensionRequest.objects.of(enrollment)):
        request.enrollment = enrollment
        may_undo = number == 0 and may_undo_refusal(request)  # only the newest request can be reopened
        yield TimelineEntry(request.asked_at, "asked", asked=request, may_undo=may_undo)


def timeline(enrollment: Enrollment, outline: Outline, reader: User) -> list[TimelineEntry]:
    """Return the history of an enrollment and the notes about its learner, newest first. `reader` only decides which
    notes may be undone; access is not checked. Runs 11 queries or more.
    """
    titles = {step.id: step.title for step in outline.steps}
    entries = [TimelineEntry(enrollment.enrolled_at, "enrolled")]
    # Exams and simulations are listed by attempt.
    completions = enrollment.completions.exclude(document__kind__in=[Document.Kind.EXAM, Document.Kind.SIMULATION])
    for identifier, at in completions.values_list("document__identifier", "completed_at"):
        entries.append(TimelineEntry(at, "completed", titles.get(identifier, identifier)))
    for seen in enrollment.change_acknowledgements.select_related("document"):
        title = titles.get(seen.document.identifier, seen.document.identifier)
        entries.append(TimelineEntry(seen.seen_at, "saw-change", title, seen.get_outcome_display()))
    entries += sittings(enrollment, outline, titles)
    for attempt in enrollment.runs.on_record().finished().select_related("simulation"):
        title = titles.get(attempt.simulation.identifier, attempt.simulation.identifier)
        entries.append(TimelineEntry(attempt.finished_at, attempt.colour, title, attempt.get_colour_display()))
    items = adjustments_of(enrollment, is_own=False)
    newest = newest_lines([enrollment.pk]) if items else {}
    entries += [TimelineEntry(item.made_at, "adjusted", line=item, may_undo=can_undo(item, newest)) for item in items]
    if enrollment.exempted_at and enrollment.exempted_at not in {item.made_at for item in items}:
        # Written by an earlier version, without its author.
        entries.append(TimelineEntry(enrollment.exempted_at, "exempted", detail=enrollment.exemption_reason))
    entries += days_requested(enrollment)
    entries += [TimelineEntry(absence.said_at, "away", away=absence) for absence in absences_during(enrollment)]
    entries += noted_about_person(enrollment.learner, reader)
    conversations = Conversation.objects.in_force().filter(enrollment=enrollment).select_related("made_by")
    entries += [TimelineEntry(each.made_at, "talked", each.made_by.name) for each in conversations]
    if enrollment.completed_at:
        entries.append(TimelineEntry(enrollment.completed_at, "finished"))
    revoked = Certificate.objects.filter(enrollment=enrollment).values_list("revoked_at", flat=True)
    entries += [TimelineEntry(at, "withdrawn") for at in revoked if at]
    # Unlike `reverse=True`, slicing also reverses entries of the same time: the later one is a consequence.
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def noted_about_person(person: User, reader: User) -> Iterator[TimelineEntry]:
    for note in Note.objects.about(person):
        yield TimelineEntry(note.written_at, "noted", note=note, may_undo=note.may_be_withdrawn_by(reader))


def kind_of(attempt: ExamAttempt) -> str:
    if attempt.is_pre_check:
        return "measured" if attempt.number == 1 else "measured-again"
    return "passed" if attempt.is_passed else "failed"


def practice_done(attempt: ExamAttempt, outline: Outline) -> Iterator[TimelineEntry]:
    for practice_set in practice_sets_of(attempt):
        if practice_set.is_done:
            rule = unescape(strip_tags(outline.objective(practice_set.rule)))
            yield TimelineEntry(practice_set.answers[-1].answered_at, "practiced", rule)


# Recent emails: type, time and delivery state


def emails_to(person: User) -> list[OutgoingEmail]:
    """Return the last EMAILS_SHOWN emails to the person in any state, newest first, `data` deferred. Runs 1 query."""
    return list(OutgoingEmail.objects.of(person).defer("data")[:EMAILS_SHOWN])


def last_email_failed(person: User, emails: Iterable[OutgoingEmail]) -> bool:
    """Return whether the newest of `emails` (newest first) that was tried at the current address failed; else False."""
    tried = (each for each in emails if each.address == person.email and each.state not in SAYS_NOTHING)
    newest = next(tried, None)
    return newest is not None and newest.state in DID_NOT_ARRIVE
