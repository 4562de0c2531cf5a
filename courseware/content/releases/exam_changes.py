"""Exam changes of a release: rules such as pass mark and draws, and questions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from courseware.content.models import Document, Revision
from courseware.content.releases.revisions import by_path, files_of
from courseware.course_format.course import CourseText, read_course

JURISDICTION = Document.Kind.JURISDICTION
KINDS = (Document.Kind.EXAM, Document.Kind.BANK, Document.Kind.COURSE, JURISDICTION)
RULES = (
    "pass_mark",
    "strata",
    "retakes",
    "reopens",
    "time_limit",
    "critical_drill",
    "again_after",
    "completion",
)


@dataclass(frozen=True)
class ChangedRule:
    """A changed rule of an exam. `key`: one of RULES."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ExamChange:
    """A change of an exam, a bank, the completion of the course, or the jurisdiction, with ids of questions."""

    document: str
    rules: tuple[ChangedRule, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def exam_changes(released: Mapping[int, Revision], chosen: Iterable[Revision]) -> list[ExamChange]:
    """Return what releasing `chosen` (of one course) changes in exams, banks, completion and inserts, by document id.
    Chosen exams and banks are always listed. `released`: see `released_revisions`. Runs at most 3 queries.
    """
    after = {revision.document_id: revision for revision in chosen}
    touched = Document.objects.filter(pk__in=after, kind__in=KINDS).order_by("identifier")
    documents = {document.identifier: document for document in touched}
    if not documents:
        return []
    course = next(iter(documents.values())).course_id
    around = {Document.Kind.COURSE, JURISDICTION}
    if any(document.kind == JURISDICTION for document in documents.values()):
        around.add(Document.Kind.BANK)
    needed = Document.objects.filter(course=course, kind__in=around).values_list("pk", flat=True)
    wanted = {document.pk for document in documents.values()} | set(needed)
    then, now = texts_of(wanted, released, dict(released) | after)
    found = (change_of(document, then, now) for document in documents.values())
    return [change for change in found if change]


def texts_of(wanted: Collection[int], *sides: Mapping[int, Revision]) -> list[CourseText]:
    """Return a course for each of `sides` (document key → revision), with those documents that are in `wanted` (keys).
    Runs one query.
    """
    chosen = [[revision for pk, revision in side.items() if pk in wanted] for side in sides]
    files = files_of({revision for revisions in chosen for revision in revisions})
    bodies = [by_path(files[each.pk] for each in revisions) for revisions in chosen]
    return [read_course({path: file.body for path, file in each.items()}) for each in bodies]


def change_of(document: Document, then: CourseText, now: CourseText) -> ExamChange | None:
    """Return the change of a document; None for a course or jurisdiction that changes no rule and no question. `then`,
    `now`: the course before and after; for a jurisdiction they must have the banks.
    """
    identifier = document.identifier
    if document.kind == JURISDICTION:
        changed = questions_with_changed_inserts(then, now)
        return ExamChange(identifier, changed=changed) if changed else None
    if document.kind == Document.Kind.BANK:
        return change_of_bank(identifier, bank_questions(then, identifier), bank_questions(now, identifier))
    before, after = exam_rules(then, identifier), exam_rules(now, identifier)
    rules = tuple(ChangedRule(key, before.get(key), after[key]) for key in after if after[key] != before.get(key))
    return ExamChange(identifier, rules) if rules or document.kind == Document.Kind.EXAM else None


def change_of_bank(identifier: str, before, after) -> ExamChange:
    """Compare the questions of a bank. `before`, `after`: results of `bank_questions`."""
    return ExamChange(
        identifier,
        added=tuple(question for question in after if question not in before),
        changed=tuple(each for each in after if each in before and after[each] != before[each]),
        removed=tuple(question for question in before if question not in after),
    )


def questions_with_changed_inserts(then: CourseText, now: CourseText) -> tuple[str, ...]:
    """Return ids of questions that differ, of banks in both courses. Only the jurisdiction has changed between them."""
    banks = [(bank_questions(then, bank.id), bank_questions(now, bank.id)) for bank in now.of_kind("bank")]
    return tuple(each for before, after in banks for each in after if each in before and after[each] != before[each])


def exam_rules(course: CourseText, identifier: str) -> dict[str, Any]:
    """Return rule (of RULES) → value in the front matter of a document (id); {} if it is unknown or invalid."""
    if identifier not in course.documents:
        return {}
    meta = course.source(identifier).meta
    return {key: value for key, value in (meta.model_dump() if meta else {}).items() if key in RULES}


def bank_questions(course: CourseText, bank: str) -> dict[str, list[dict[str, Any]]]:
    """Return question id → its data in each language; {} for an unknown `bank` (id)."""
    questions: dict[str, list[dict[str, Any]]] = {}
    for language in course.documents.get(bank, {}):
        for question in course.questions(bank, language):
            questions.setdefault(question.id, []).append(asdict(question))
    return questions
