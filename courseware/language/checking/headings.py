"""Headings: which kinds and keys their braces may hold, and ids that are used once (formats.md §1, §5)."""

import re
from collections.abc import Iterator, Mapping

from courseware.language.course import CourseText, check_sections
from courseware.language.documents import Problem
from courseware.language.frontmatter import did_you_mean
from courseware.language.parsing import QUESTION_KINDS, Document, Section
from courseware.language.simulations import DEBRIEF, ENDING_KINDS, NODE_KINDS

_QUESTION_KEYS = ("objective", "level", "critical", "family", "tracks", "lesson")
_QUESTIONS = dict.fromkeys(QUESTION_KINDS, _QUESTION_KEYS)

# Kind of document → kind of heading → keys.
KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "lesson": {"": (), "check": (), **_QUESTIONS},
    "bank": _QUESTIONS,
    "survey": {"scale": ("from", "to"), "one": (), "several": (), "open": ()},
    "card": {"": ("call",)},
    "simulation": {
        **dict.fromkeys(NODE_KINDS, ("seconds", "if", "else")),
        **dict.fromkeys(ENDING_KINDS, ("if",)),
        DEBRIEF: (),
    },
}
LEVELS = ("recall", "apply", "analyse")

_BOX = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[[ xX]\][ \t]")


def check_headings(course: CourseText) -> Iterator[Problem]:
    for document in map(course.source, course.documents):
        kinds = KEYS.get(document.kind, {"": ()})
        for section in document.sections:
            if not section.id:
                continue
            if section.kind in kinds:
                yield from _check_keys(document, section, kinds[section.kind])
            else:
                yield Problem(document.path, section.line, _wrong_kind(document.kind, section, kinds))
        if document.kind in ("lesson", "bank"):
            yield from _check_boxes(document)
            yield from _check_knowledge_check(document)


def _wrong_kind(document_kind: str, section: Section, kinds: Mapping[str, object]) -> str:
    thing = "situation" if document_kind == "simulation" else "question"
    there_are = ", ".join(f".{kind}" for kind in kinds if kind)
    if not there_are:
        return f'a heading here has no kind; take ".{section.kind}" out'
    if section.kind:
        hint = did_you_mean(f".{section.kind}", [f".{kind}" for kind in kinds if kind])
        return f'no kind of {thing} is called ".{section.kind}"{hint or f"; there are {there_are}"}'
    return f'heading "{section.title[:40]}" has no kind; a {document_kind} holds {thing}s only: {there_are}'


def _check_keys(document: Document, section: Section, keys: tuple[str, ...]) -> Iterator[Problem]:
    def problem(message: str) -> Problem:
        return Problem(document.path, section.line, message)

    for key, value in section.attrs.items():
        if key not in keys:
            hint = did_you_mean(key, keys) or (f"; there are {', '.join(keys)}" if keys else "; expected the id only")
            yield problem(f'unknown key "{key}" at "{section.id}"{hint}')
        elif key == "critical" and value:
            yield problem(f'"critical" stands without a value, got "{value}"')
        elif key != "critical" and not value:
            yield problem(f'"{key}" needs a value, as in {key}=…')
        elif key == "level" and value not in LEVELS:
            yield problem(f'no level "{value}"; there are {", ".join(LEVELS)}')
    if document.kind == "bank":
        for key in ("objective", "level"):
            if key not in section.attrs:
                yield problem(f'"{key}" is missing at "{section.id}"; a bank question needs it')


def _check_boxes(document: Document) -> Iterator[Problem]:
    """Tick boxes below a heading that asks nothing: the kind of the question was forgotten."""
    for section, lines in document.spans():
        if section.kind in ("", "check") and any(_BOX.match(line.text) for line in lines):
            message = f'"{section.title[:40]}" has tick boxes but no kind of question; expected {{#id .one}}'
            yield Problem(document.path, section.line, message)


def _check_knowledge_check(document: Document) -> Iterator[Problem]:
    checks = [section for section in document.sections if section.kind == "check"]
    for section in checks[1:]:
        message = f"a lesson has one knowledge check, the first is on line {checks[0].line}"
        yield Problem(document.path, section.line, message)
    asked = check_sections(document)
    if checks and not asked:
        yield Problem(document.path, checks[0].line, "no question stands below the .check heading")
    for section in asked if document.kind == "lesson" else document.questions:
        if section.kind == "open":
            where = "a knowledge check" if document.kind == "lesson" else "a bank"
            message = f'"{section.id}" is .open and never graded; it cannot stand in {where}'
            yield Problem(document.path, section.line, message)


def check_ids(course: CourseText) -> Iterator[Problem]:
    """Document and question ids are unique in the course, and so are ids of entries in lists of one kind."""
    used = {document_id: f"the document {course.source(document_id).path}" for document_id in course.documents}
    for document in course.of_kind("lesson", "bank", "survey"):
        for section in document.questions if document.kind != "survey" else document.sections:
            if not section.id or (document.kind == "survey" and not section.kind):
                continue
            if section.id in used:
                message = f'id "{section.id}" is already used by {used[section.id]}'
                yield Problem(document.path, section.line, message)
            used.setdefault(section.id, f"the question in {document.path}:{section.line}")
    for kind in ("module", "outline", "sources", "terms"):
        yield from _check_entry_ids(course, kind)


def _check_entry_ids(course: CourseText, kind: str) -> Iterator[Problem]:
    used: dict[str, str] = {}
    for document in course.of_kind(kind):
        for entry in document.entries:
            # Twice in one document is reported by the reader.
            if used.get(entry.id, document.path) != document.path:
                yield Problem(document.path, entry.line, f'id "{entry.id}" is already used in {used[entry.id]}')
            used.setdefault(entry.id, document.path)
