"""Checks of headings: kinds and keys in their braces, unique ids (docs/formats.md §1, §5)."""

import re
from collections.abc import Iterator, Mapping

from courseware.course_format.awaiting_review import WAITS, awaits_review_whole, sections_awaiting_review
from courseware.course_format.checks.registry import always
from courseware.course_format.course import CourseText, check_sections, job_role_choices, other_variants
from courseware.course_format.diagnostics import Diagnostic, Finding, nearest_or_all
from courseware.course_format.parsing.metadata import CourseMeta
from courseware.course_format.parsing.parser import QUESTION_KINDS, ParsedDocument, Section
from courseware.course_format.simulations.simulation import DEBRIEF, ENDING_KINDS, NODE_KINDS

_QUESTION_KEYS = ("objective", "level", "critical", "family", "tracks", "lesson", "section")
_QUESTIONS = dict.fromkeys(QUESTION_KINDS, _QUESTION_KEYS) | {"mark": (*_QUESTION_KEYS, "redact")}
FLAGS = ("critical", "redact")

# Kind of document → kind of heading → keys.
KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "lesson": {"": (), "check": (), "tracks": (), WAITS: (), **_QUESTIONS},
    "bank": _QUESTIONS,
    "survey": {"scale": ("from", "to"), "one": (), "several": (), "open": ()},
    "card": {"": ("call",)},
    "simulation": {
        **dict.fromkeys(NODE_KINDS, ("seconds", "why", "if", "else")),
        **dict.fromkeys(ENDING_KINDS, ("if",)),
        DEBRIEF: (),
    },
}
LEVELS = ("recall", "apply", "analyse")
KEYS_OF_A_BANK = ("objective", "level")

_BOX = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[[ xX]\][ \t]")


@always
def check_headings(course: CourseText) -> Iterator[Diagnostic]:
    """Report wrong kinds and keys of headings, tick boxes in ordinary text, faulty knowledge checks and variants."""
    for document in map(course.source, course.documents):
        kinds = KEYS.get(document.kind, {"": ()})
        for section in document.sections:
            if not section.id:
                continue
            if section.kind in kinds:
                yield from _check_keys(document, section, kinds[section.kind])
            else:
                yield Diagnostic(document.path, section.line, _wrong_kind(document.kind, section, kinds))
        if document.kind == "lesson":
            yield from _check_wordings(document)
        if document.kind in ("lesson", "bank"):
            yield from _check_boxes(document)
            yield from _check_knowledge_check(document)


def _wrong_kind(document_kind: str, section: Section, kinds: Mapping[str, object]) -> Finding:
    known = tuple(f".{kind}" for kind in kinds if kind)
    in_simulation = document_kind == "simulation"
    if not known:
        return Finding("heading-with-kind", kind=section.kind)
    if section.kind:
        unknown = "unknown-situation-kind" if in_simulation else "unknown-question-kind"
        return Finding(unknown, kind=section.kind, **nearest_or_all(f".{section.kind}", known))
    missing = "situation-without-kind" if in_simulation else "question-without-kind"
    return Finding(missing, title=section.title, document=document_kind, known=known)


def _value_problem(key: str, value: str) -> Finding | None:
    if key in FLAGS:
        return Finding("brace-key-with-value", key=key, value=value) if value else None
    if not value:
        return Finding("brace-key-without-value", key=key)
    if key == "level" and value not in LEVELS:
        return Finding("unknown-level", level=value, known=LEVELS)
    return None


def _check_keys(document: ParsedDocument, section: Section, keys: tuple[str, ...]) -> Iterator[Diagnostic]:
    for key, value in section.attrs.items():
        if key in keys:
            if finding := _value_problem(key, value):
                yield Diagnostic(document.path, section.line, finding)
        elif keys:
            yield document.problem(
                section.line, "unknown-brace-key", key=key, id=section.id, **nearest_or_all(key, keys)
            )
        else:
            yield document.problem(section.line, "no-brace-keys", key=key, id=section.id)
    for key in KEYS_OF_A_BANK if document.kind == "bank" else ():
        if key not in section.attrs:
            yield document.problem(section.line, "bank-key-missing", key=key, id=section.id)


def _check_boxes(document: ParsedDocument) -> Iterator[Diagnostic]:
    for section, lines in document.spans():
        if section.kind in ("", "check", "tracks", WAITS) and any(_BOX.match(line.text) for line in lines):
            yield document.problem(section.line, "boxes-without-kind", title=section.title)


def _check_knowledge_check(document: ParsedDocument) -> Iterator[Diagnostic]:
    checks = [section for section in document.sections if section.kind == "check"]
    for section in checks[1:]:
        yield document.problem(section.line, "second-check", first=checks[0].line)
    asked = check_sections(document)
    if checks and not asked:
        yield document.problem(checks[0].line, "empty-check")
    for section in asked if document.kind == "lesson" else document.questions:
        if section.kind == "open":
            finding = "open-in-check" if document.kind == "lesson" else "open-in-bank"
            yield document.problem(section.line, finding, id=section.id)


@always
def check_track_choice(course: CourseText) -> Iterator[Diagnostic]:
    """Report each section but the first in which learners choose a job role."""
    asking = [(lesson, section) for lesson in course.of_kind("lesson") for section in job_role_choices(lesson)]
    for lesson, section in asking[1:]:
        first, line = asking[0][0].path, asking[0][1].line
        yield lesson.problem(section.line, "second-track-choice", first=first, line=line)


@always
def check_waiting(course: CourseText) -> Iterator[Diagnostic]:
    """Report questions in sections that need an expert review, and simulations that need one and are required."""
    for lesson in course.of_kind("lesson"):
        for section in sections_awaiting_review(lesson):
            if section.kind not in ("", WAITS):
                yield lesson.problem(section.line, "kind-in-waiting", id=section.id)
    for document, meta in course.with_meta(CourseMeta):
        for identifier in meta.completion.not_red:
            if identifier in course.documents and awaits_review_whole(course.source(identifier).meta):
                yield document.problem(document.front.line("completion", "not_red"), "waiting-required", id=identifier)


def _check_wordings(document: ParsedDocument) -> Iterator[Diagnostic]:
    asked = check_sections(document)

    def place(section: Section) -> tuple[bool, str, bool]:
        return section in asked, section.attrs.get("tracks", ""), section.kind == "open"

    for identifier, first in other_variants(document).items():
        section = document.section(identifier)
        if section and (place(section) != place(first) or section.kind == "open"):
            yield document.problem(section.line, "wording-apart", id=identifier, first=first.id)


@always
def check_ids(course: CourseText) -> Iterator[Diagnostic]:
    """Report ids of questions that another document or question has, and ids of entries in 2 documents of one kind."""
    used: dict[str, tuple[str, int]] = {}  # question → (path, line) of its first use
    for document in course.of_kind("lesson", "bank", "survey"):
        for section in document.questions if document.kind != "survey" else document.sections:
            if not section.id or (document.kind == "survey" and not section.kind):
                continue
            if section.id in course.documents:
                yield document.problem(
                    section.line, "id-of-document", id=section.id, other=course.source(section.id).path
                )
            elif section.id in used:
                other, first = used[section.id]
                yield document.problem(section.line, "id-of-question", id=section.id, other=other, first=first)
            used.setdefault(section.id, (document.path, section.line))
    for kind in ("jurisdiction", "module", "outline", "sources", "terms"):
        yield from _check_entry_ids(course, kind)


def _check_entry_ids(course: CourseText, kind: str) -> Iterator[Diagnostic]:
    used: dict[str, str] = {}
    for document in course.of_kind(kind):
        for entry in document.entries:
            # The parser reports an id that is used twice in one document.
            if used.get(entry.id, document.path) != document.path:
                yield document.problem(entry.line, "id-of-other-list", id=entry.id, other=used[entry.id])
            used.setdefault(entry.id, document.path)
