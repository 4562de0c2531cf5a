"""Compares what the log says with attempts, completions, changes seen, certificates, outside trainings, notes, talks,
requests and readings by professionals.

`evidence.verifying` proves that the log is complete. So a row that was added, changed or deleted past the product is
found here, even if it agrees with all other rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from courseware.accounts.merges import Merge
from courseware.accounts.models import User
from courseware.accounts.notes import Note
from courseware.assessment.certificate_facts import facts_in_log
from courseware.assessment.models import Attempt, Certificate, CertificatePaper
from courseware.assessment.outside_training import OutsideTraining
from courseware.assignments.talks import Talk
from courseware.content.models import Course, ProfessionalReading
from courseware.evidence.models import Event
from courseware.evidence.recording import subject_of
from courseware.learning.changes_seen import ChangeSeen
from courseware.learning.day_requests import DayRequest
from courseware.learning.models import Completion, Enrollment
from courseware.lib.chunks import chunks

CHUNK = 500  # rows held in memory at a time


@dataclass(frozen=True)
class Said:
    """What the log must say about a row: its subject, the moment, and the data, as far as the row has them."""

    subject: str
    at: datetime | None
    data: dict[str, Any] = field(default_factory=dict)

    def is_in(self, event: Event) -> bool:
        return event.at == self.at and self.data.items() <= event.data.items()


@dataclass(frozen=True)
class Kind:
    """A kind of fact that is logged with `verb`.

    `owner` is the field with the primary key that the event's subject names. If several rows can have the same owner,
    `told_by` is the key of the event's data that distinguishes them. After an event `taken_back_by` of the same subject
    nothing need be kept of it.
    """

    verb: str
    rows: Callable[[], QuerySet]
    said: Callable[[Any], Said]  # of one of `rows`
    owner: str = "pk"
    told_by: str = ""
    taken_back_by: str = ""

    def key(self, one: Said | Event) -> tuple:
        return one.subject, one.data.get(self.told_by)


def started(attempt: Attempt) -> Said:
    return Said(subject_of(attempt), attempt.started_at, {"exam": attempt.exam.identifier})


def submitted(attempt: Attempt) -> Said:
    data = {"points": attempt.points, "max_points": attempt.max_points, "passed": attempt.is_passed}
    return Said(subject_of(attempt), attempt.submitted_at, data)


def completed(completion: Completion) -> Said:
    data = {"document": completion.document.identifier, "revision": completion.revision_id}
    data["outcome"] = completion.outcome
    return Said(subject_of(Enrollment, completion.enrollment_id), completion.completed_at, data)


def saw_change(seen: ChangeSeen) -> Said:
    data = {"change": seen.pk, "document": seen.document.identifier, "release": seen.release_id}
    return Said(subject_of(Enrollment, seen.enrollment_id), seen.seen_at, data)


def changes_seen(outcome: ChangeSeen.Outcome) -> Callable[[], QuerySet]:
    return lambda: ChangeSeen.objects.filter(outcome=outcome).select_related("document")


def issued(certificate: Certificate) -> Said:
    data = {"certificate": certificate.pk, **facts_in_log(certificate)}
    return Said(subject_of(Enrollment, certificate.enrollment_id), certificate.issued_at, data)


def withdrawn(certificate: Certificate) -> Said:
    data = {"certificate": certificate.pk}
    return Said(subject_of(Enrollment, certificate.enrollment_id), certificate.withdrawn_at, data)


def drawn(paper: CertificatePaper) -> Said:
    data = {"certificate": paper.certificate_id, "language": paper.language, "sha256": paper.digest}
    return Said(subject_of(Enrollment, paper.certificate.enrollment_id), paper.made_at, data)


def recorded(training: OutsideTraining) -> Said:
    data = {"training": training.pk, "course": training.course_id, "on": training.trained_on.isoformat()}
    data["until"] = training.valid_until and training.valid_until.isoformat()
    return Said(subject_of(User, training.person_id), training.recorded_at, data)


def withdrawn_outside(training: OutsideTraining) -> Said:
    return Said(subject_of(User, training.person_id), training.withdrawn_at, {"training": training.pk})


def finished(enrollment: Enrollment) -> Said:
    return Said(subject_of(enrollment), enrollment.completed_at)


def waived(enrollment: Enrollment) -> Said:
    return Said(subject_of(enrollment), enrollment.waived_at)


def merged(merge: Merge) -> Said:
    return Said(subject_of(User, merge.kept_id), merge.made_at, {"merge": merge.pk, "other": merge.other_id})


def unmerged(merge: Merge) -> Said:
    return Said(subject_of(User, merge.kept_id), merge.undone_at, {"merge": merge.pk, "other": merge.other_id})


def noted(note: Note) -> Said:
    return Said(subject_of(User, note.person_id), note.written_at, {"note": note.pk})


def taken_back(note: Note) -> Said:
    return Said(subject_of(User, note.person_id), note.taken_back_at, {"note": note.pk})


def talked(talk: Talk) -> Said:
    return Said(subject_of(Enrollment, talk.enrollment_id), talk.made_at, {"talk": talk.pk})


def talk_taken_back(talk: Talk) -> Said:
    return Said(subject_of(Enrollment, talk.enrollment_id), talk.taken_back_at, {"talk": talk.pk})


def asked(request: DayRequest) -> Said:
    data = {"request": request.pk, "day": request.day.isoformat()}
    return Said(subject_of(Enrollment, request.enrollment_id), request.asked_at, data)


def answered(request: DayRequest) -> Said:
    data = {"request": request.pk, "answer": request.end}
    return Said(subject_of(Enrollment, request.enrollment_id), request.ended_at, data)


def request_taken_back(request: DayRequest) -> Said:
    return Said(subject_of(Enrollment, request.enrollment_id), request.ended_at, {"request": request.pk})


def read_first(reading: ProfessionalReading) -> Said:
    data = {"reading": reading.pk, "revision": reading.revision_id, "on": reading.read_on.isoformat()}
    return Said(subject_of(Course, reading.revision.document.course_id), reading.entered_at, data)


def waits_again(reading: ProfessionalReading) -> Said:
    return Said(subject_of(Course, reading.revision.document.course_id), reading.taken_back_at, {"reading": reading.pk})


READINGS = ProfessionalReading.objects.select_related("revision__document")


def ended(*ends: DayRequest.End) -> Callable[[], QuerySet]:
    return lambda: DayRequest.objects.filter(end__in=ends)


End = DayRequest.End
KINDS = (
    Kind("attempt-started", lambda: Attempt.objects.select_related("exam"), started),
    Kind("attempt-submitted", lambda: Attempt.objects.submitted(), submitted),
    Kind("completed", lambda: Completion.objects.select_related("document"), completed, "enrollment", "document"),
    Kind("changed-lesson-read", changes_seen(ChangeSeen.Outcome.READ), saw_change, "enrollment", "change"),
    Kind("changed-lesson-checked", changes_seen(ChangeSeen.Outcome.CHECKED), saw_change, "enrollment", "change"),
    Kind("enrollment-completed", lambda: Enrollment.objects.completed(), finished),
    Kind("waived", lambda: Enrollment.objects.exclude(waived_at=None), waived, taken_back_by="excuse-undone"),
    Kind("certificate-issued", lambda: Certificate.objects.all(), issued, "enrollment", "certificate"),
    Kind(
        "certificate-withdrawn",
        lambda: Certificate.objects.exclude(withdrawn_at=None),
        withdrawn,
        "enrollment",
        "certificate",
    ),
    Kind(
        "certificate-drawn",
        lambda: CertificatePaper.objects.select_related("certificate").defer("body"),
        drawn,
        "certificate__enrollment",
        "sha256",
    ),
    Kind("outside-training-recorded", lambda: OutsideTraining.objects.all(), recorded, "person", "training"),
    Kind(
        "outside-training-withdrawn",
        lambda: OutsideTraining.objects.exclude(withdrawn_at=None),
        withdrawn_outside,
        "person",
        "training",
    ),
    Kind("merged", lambda: Merge.objects.all(), merged, "kept", "merge"),
    Kind("merge-undone", lambda: Merge.objects.exclude(undone_at=None), unmerged, "kept", "merge"),
    Kind("note-written", lambda: Note.objects.all(), noted, "person", "note"),
    Kind("day-asked", lambda: DayRequest.objects.all(), asked, "enrollment", "request"),
    Kind(
        "day-answered",
        ended(End.GIVEN, End.ANOTHER, End.REFUSED),
        answered,
        "enrollment",
        "request",
        taken_back_by="day-answer-undone",
    ),
    Kind("day-request-taken-back", ended(End.TAKEN_BACK), request_taken_back, "enrollment", "request"),
    Kind("note-taken-back", lambda: Note.objects.exclude(taken_back_at=None), taken_back, "person", "note"),
    Kind("professional-reading-entered", READINGS.all, read_first, "revision__document__course", "reading"),
    Kind(
        "professional-reading-taken-back",
        lambda: READINGS.exclude(taken_back_at=None),
        waits_again,
        "revision__document__course",
        "reading",
    ),
    Kind("talk-noted", lambda: Talk.objects.all(), talked, "enrollment", "talk"),
    Kind("talk-taken-back", lambda: Talk.objects.exclude(taken_back_at=None), talk_taken_back, "enrollment", "talk"),
)


def differences() -> Iterator[str]:
    """A line for each row without an event that agrees, and for each event without a row."""
    for kind in KINDS:
        yield from unknown(kind)
    for kind in KINDS:
        yield from gone(kind)


def unknown(kind: Kind) -> Iterator[str]:
    for rows in chunks(kind.rows().order_by("pk"), CHUNK):
        said = {row: kind.said(row) for row in rows}
        events: dict[str, list[Event]] = {}
        for event in Event.objects.filter(
            subject__in={statement.subject for statement in said.values()}, verb=kind.verb
        ):
            events.setdefault(event.subject, []).append(event)
        for row, statement in said.items():
            if not any(statement.is_in(event) for event in events.get(statement.subject, ())):
                yield f"{row._meta.model_name} {row.pk}: the log knows no “{kind.verb}” that says the same"


def gone(kind: Kind) -> Iterator[str]:
    for events in chunks(Event.objects.filter(verb=kind.verb).order_by("pk"), CHUNK):
        owners = {int(event.subject.partition(":")[2]) for event in events}
        kept = {kind.key(kind.said(row)) for row in kind.rows().filter(**{f"{kind.owner}__in": owners})}
        backs = Event.objects.filter(verb=kind.taken_back_by, subject__in={event.subject for event in events})
        back = {event.subject: event.place for event in backs.order_by("place")} if kind.taken_back_by else {}
        for event in events:
            if kind.key(event) not in kept and event.place > back.get(event.subject, 0):
                yield f"event {event.pk}: “{kind.verb}” of {event.subject}, and nothing is kept of it"
