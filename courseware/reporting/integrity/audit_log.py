"""Integrity checks of the audit log: every logged row has its event, and every event its row."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from courseware.accounts.models import AccountMerge, Note
from courseware.assessment.certificates.facts import facts_in_log
from courseware.assessment.models import Certificate, CertificatePdf, ExamAttempt, ExternalTraining
from courseware.assignments.models import Conversation
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.content.models import ExpertReview
from courseware.learning.models import ChangeAcknowledgement, Completion, Enrollment, ExtensionRequest
from courseware.lib.db.chunks import chunks

CHUNK = 500  # rows held in memory at a time


class ExpectedEvent(NamedTuple):
    """The event that must exist for a row: subject, time, and at least these data."""

    subject: str
    at: datetime
    data: dict[str, Any]

    def is_in(self, event: Event) -> bool:
        return event.at == self.at and self.data.items() <= event.data.items()


@dataclass(frozen=True)
class LoggedFact:
    """A logged kind of fact: each row whose column `at` is set has an event with `verb`. `owner`: path to the foreign
    key that the event's subject names, "" for the row itself. `told_by`: key of the event's data that tells rows of one
    owner apart; its value is the row's id unless `data` overrides it. Events before an event `undone_by` of the same
    subject need no row.
    """

    verb: str
    rows: QuerySet
    at: str
    owner: str = ""
    told_by: str = ""
    data: Callable[[Any], dict[str, Any]] = lambda row: {}
    undone_by: str = ""

    @property
    def facts(self) -> QuerySet:
        return self.rows.exclude(**{self.at: None})

    def said(self, row: Any) -> ExpectedEvent:
        """Return the event that must exist for this row."""
        key = {self.told_by: row.pk} if self.told_by else {}
        return ExpectedEvent(self.subject(row), getattr(row, self.at), key | self.data(row))

    def subject(self, row: Any) -> str:
        if not self.owner:
            return subject_of(row)
        *path, last = self.owner.split("__")
        for name in path:
            row = getattr(row, name)
        return subject_of(row._meta.get_field(last).related_model, getattr(row, f"{last}_id"))

    def key(self, one: ExpectedEvent | Event) -> tuple:
        """Return (subject, `told_by` value), which identifies a row."""
        return one.subject, one.data.get(self.told_by)


def started(attempt: ExamAttempt) -> dict[str, Any]:
    return {"exam": attempt.exam.identifier}


def submitted(attempt: ExamAttempt) -> dict[str, Any]:
    return {"points": attempt.points, "max_points": attempt.max_points, "passed": attempt.is_passed}


def completed(completion: Completion) -> dict[str, Any]:
    document = completion.document.identifier
    return {"document": document, "revision": completion.revision_id, "outcome": completion.outcome}


def saw_change(acknowledgement: ChangeAcknowledgement) -> dict[str, Any]:
    return {"document": acknowledgement.document.identifier, "release": acknowledgement.release_id}


def drawn(pdf: CertificatePdf) -> dict[str, Any]:
    return {"certificate": pdf.certificate_id, "language": pdf.language, "sha256": pdf.digest}


def trained(training: ExternalTraining) -> dict[str, Any]:
    until = training.valid_until and training.valid_until.isoformat()
    return {"course": training.course_id, "on": training.trained_on.isoformat(), "until": until}


def merged(merge: AccountMerge) -> dict[str, Any]:
    return {"other": merge.other_id}


def asked(request: ExtensionRequest) -> dict[str, Any]:
    return {"day": request.day.isoformat()}


def answered(request: ExtensionRequest) -> dict[str, Any]:
    return {"answer": request.end}


def read_first(review: ExpertReview) -> dict[str, Any]:
    return {"revision": review.revision_id, "on": review.read_on.isoformat()}


End, Outcome = ExtensionRequest.End, ChangeAcknowledgement.Outcome
ATTEMPTS = ExamAttempt.objects.select_related("exam")
COMPLETIONS = Completion.objects.select_related("document")
CHANGES = ChangeAcknowledgement.objects.select_related("document")
PAPERS = CertificatePdf.objects.select_related("certificate").defer("body")
ANSWERED = ExtensionRequest.objects.filter(end__in=(End.GIVEN, End.ANOTHER, End.REFUSED))
TAKEN_BACK = ExtensionRequest.objects.filter(end=End.TAKEN_BACK)
READINGS = ExpertReview.objects.select_related("revision__document")
COURSE_READ = "revision__document__course"
KINDS = (
    LoggedFact("exam-started", ATTEMPTS, "started_at", data=started),
    LoggedFact("exam-submitted", ATTEMPTS, "submitted_at", data=submitted),
    LoggedFact("completed", COMPLETIONS, "completed_at", "enrollment", "document", completed),
    LoggedFact(
        "change-acknowledged", CHANGES.filter(outcome=Outcome.READ), "seen_at", "enrollment", "change", saw_change
    ),
    LoggedFact(
        "change-checked", CHANGES.filter(outcome=Outcome.CHECKED), "seen_at", "enrollment", "change", saw_change
    ),
    LoggedFact("enrollment-completed", Enrollment.objects.all(), "completed_at"),
    LoggedFact("exempted", Enrollment.objects.all(), "exempted_at", undone_by="exemption-undone"),
    LoggedFact("certificate-issued", Certificate.objects.all(), "issued_at", "enrollment", "certificate", facts_in_log),
    LoggedFact("certificate-revoked", Certificate.objects.all(), "revoked_at", "enrollment", "certificate"),
    LoggedFact("certificate-pdf-created", PAPERS, "made_at", "certificate__enrollment", "sha256", drawn),
    LoggedFact(
        "external-training-recorded", ExternalTraining.objects.all(), "recorded_at", "person", "training", trained
    ),
    LoggedFact("external-training-revoked", ExternalTraining.objects.all(), "revoked_at", "person", "training"),
    LoggedFact("merged", AccountMerge.objects.all(), "made_at", "kept", "merge", merged),
    LoggedFact("merge-undone", AccountMerge.objects.all(), "undone_at", "kept", "merge", merged),
    LoggedFact("note-written", Note.objects.all(), "written_at", "person", "note"),
    LoggedFact("extension-requested", ExtensionRequest.objects.all(), "asked_at", "enrollment", "request", asked),
    LoggedFact(
        "extension-answered", ANSWERED, "ended_at", "enrollment", "request", answered, "extension-answer-undone"
    ),
    LoggedFact("extension-request-withdrawn", TAKEN_BACK, "ended_at", "enrollment", "request"),
    LoggedFact("note-withdrawn", Note.objects.all(), "undone_at", "person", "note"),
    LoggedFact("expert-review-entered", READINGS, "entered_at", COURSE_READ, "reading", read_first),
    LoggedFact("expert-review-withdrawn", READINGS, "undone_at", COURSE_READ, "reading"),
    LoggedFact("conversation-noted", Conversation.objects.all(), "made_at", "enrollment", "talk"),
    LoggedFact("conversation-undone", Conversation.objects.all(), "undone_at", "enrollment", "talk"),
)


def differences() -> Iterator[str]:
    """Yield a line for each row without a matching event, and for each event without a row."""
    for kind in KINDS:
        yield from rows_without_event(kind)
    for kind in KINDS:
        yield from events_without_row(kind)


def rows_without_event(kind: LoggedFact) -> Iterator[str]:
    for rows in chunks(kind.facts.order_by("pk"), CHUNK):
        expected = {row: kind.said(row) for row in rows}
        subjects = {entry.subject for entry in expected.values()}
        events: dict[str, list[Event]] = {}
        for event in Event.objects.filter(subject__in=subjects, verb=kind.verb):
            events.setdefault(event.subject, []).append(event)
        for row, entry in expected.items():
            if not any(entry.is_in(event) for event in events.get(entry.subject, ())):
                yield f"{subject_of(row).replace(':', ' ')}: the audit log has no “{kind.verb}” with the same data"


def events_without_row(kind: LoggedFact) -> Iterator[str]:
    """Yield a line for each event of this kind without a row, unless an `undone_by` event followed."""
    for events in chunks(Event.objects.filter(verb=kind.verb).order_by("pk"), CHUNK):
        owners = {int(event.subject.partition(":")[2]) for event in events}
        stored = {kind.key(kind.said(row)) for row in kind.facts.filter(**{f"{kind.owner or 'pk'}__in": owners})}
        positions = places_taken_back(kind, events) if kind.undone_by else {}
        for event in events:
            if kind.key(event) not in stored and event.place > positions.get(event.subject, 0):
                yield f"event {event.pk}: “{kind.verb}” of {event.subject}, but no record of it exists"


def places_taken_back(kind: LoggedFact, events: Iterable[Event]) -> dict[str, int]:
    """Return subject of `events` → position (`Event.place`) of its last `undone_by` event. `kind`: has `undone_by`."""
    found = Event.objects.filter(verb=kind.undone_by, subject__in={event.subject for event in events})
    return {event.subject: event.place for event in found.order_by("place")}
