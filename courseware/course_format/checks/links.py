"""Checks of links and references: ids in front matter and braces, figures, job roles (docs/formats.md §1, §4)."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from courseware.course_format.awaiting_review import sections_awaiting_review
from courseware.course_format.checks.registry import always
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding, nearest
from courseware.course_format.parsing.blocks import CALLOUTS, Callout, Figure
from courseware.course_format.parsing.documents import display_tag, parse_name
from courseware.course_format.parsing.marked_text import find_links, find_sources
from courseware.course_format.parsing.metadata import CourseMeta, ExamMeta, LessonMeta
from courseware.course_format.parsing.parser import ParsedDocument

Reference = tuple[int, str, str]  # line, type of the target ("objective"), id
LineOf = Callable[..., int]  # `Front.line`

PAGES = ("tracks",)  # pages of the site to which a course may link

# The kind of document that lists the ids. While it has an issue, ids may be missing for that reason.
_HOME = {"objective": "module", "outline point": "outline", "track": "course"}

_ELSEWHERE = ("https:", "mailto:", "tel:")


@always
def check_references(course: CourseText) -> Iterator[Diagnostic]:
    """Report ids in front matter and braces that do not exist; nothing if a document could not be read."""
    if course.unread:  # these documents may define the ids
        return
    known, reported = _known(course), set()
    broken = {parse_name(problem.path).kind for problem in course.problems}
    for document in map(course.source, course.documents):
        for line, what, identifier in (*_front_references(document), *_brace_references(document)):
            if identifier in known[what] or _HOME.get(what) in broken:
                continue
            if known[what]:
                near = nearest(identifier, known[what])
                yield document.problem(line, "unknown-reference", what=what, id=identifier, nearest=near)
            elif what not in reported:
                reported.add(what)
                yield document.problem(line, "reference-to-empty-list", what=what, id=identifier)


@always
def check_sections_named(course: CourseText) -> Iterator[Diagnostic]:
    """Report questions whose `section=` is no heading of their lesson, or one that needs an expert review. Report
    nothing if a document is unread.
    """
    if course.unread:  # these documents may have the heading
        return
    for document in course.of_kind("lesson", "bank"):
        for section in document.questions:
            named = section.attrs.get("section", "")
            lesson = course.question(section.id, course.languages[0]).lesson if named else ""
            if lesson not in course.documents:  # reported by `check_references`
                continue
            text = course.source(lesson)
            waiting = {each.id for each in sections_awaiting_review(text)}
            known = {each.id for each in text.sections} - waiting
            if named in waiting:
                yield document.problem(section.line, "waiting-section", id=named, lesson=lesson)
            elif named not in known:
                near = nearest(named, known)
                yield document.problem(section.line, "unknown-section", id=named, lesson=lesson, nearest=near)


def _known(course: CourseText) -> dict[str, Collection[str]]:
    outline_headings = {section.id for document in course.of_kind("outline") for section in document.sections}
    return {
        "objective": course.objectives,
        "outline point": {*course.outline, *outline_headings},
        "track": course.meta.tracks if course.meta else (),
        **{
            kind: {document.id for document in course.of_kind(kind)}
            for kind in ("lesson", "simulation", "exam", "bank")
        },
    }


def _front_references(document: ParsedDocument) -> Iterator[Reference]:
    meta, line = document.meta, document.front.line
    if isinstance(meta, LessonMeta):
        yield from ((line("objectives", i), "objective", one) for i, one in enumerate(meta.objectives))
        yield from ((line("covers", i), "outline point", one) for i, one in enumerate(meta.covers))
    elif isinstance(meta, CourseMeta):
        yield from _references_of_course(meta, line)
    elif isinstance(meta, ExamMeta):
        yield from _references_of_exam(meta, line)


def _references_of_course(meta: CourseMeta, line: LineOf) -> Iterator[Reference]:
    lessons = () if meta.completion.lessons == "all" else meta.completion.lessons
    yield from ((line("completion"), "lesson", one) for one in lessons)
    yield from ((line("completion"), "exam", one) for one in meta.completion.passed)
    yield from ((line("completion"), "simulation", one) for one in meta.completion.not_red)
    for change in meta.changes[-1:]:  # lessons of earlier changes may have been removed
        yield from ((line("changes"), "lesson", one) for one in (*change.reread, *change.retake))


def _references_of_exam(meta: ExamMeta, line: LineOf) -> Iterator[Reference]:
    for i, exam_section in enumerate(meta.strata):
        yield line("strata", i), "bank", exam_section.bank
        yield from ((line("strata", i), "objective", one) for slot in exam_section.critical for one in slot)
    if meta.critical_drill:
        yield line("critical_drill"), "bank", meta.critical_drill.bank
    if meta.again_after:
        yield line("again_after"), "exam", meta.again_after


def _brace_references(document: ParsedDocument) -> Iterator[Reference]:
    if document.kind not in ("lesson", "bank"):
        return
    for section in document.questions:
        for key in ("objective", "lesson"):
            if section.attrs.get(key):
                yield section.line, key, section.attrs[key]
        for job_role in section.attrs.get("tracks", "").split():
            yield section.line, "track", job_role


@always
def check_marks(course: CourseText) -> Iterator[Diagnostic]:
    """Report issues of callouts and figures; if no document is unread, also of links and source marks."""
    questions = {s.id for document in course.of_kind("lesson", "bank") for s in document.questions}
    targets = {*course.documents, *questions, *PAGES}
    job_roles = _known(course)["track"]
    sourceless: list[Diagnostic] = []
    for _source, document in course.texts():
        yield from _check_callouts(document, job_roles)
        yield from _check_figures(document, course.media, course.languages)
        if not course.unread:
            yield from _check_links(document, targets)
            sources = _check_sources(document, course.sources)
            yield from sources if course.sources else ()
            sourceless += () if course.sources else sources
    if sourceless:
        finding = Finding("no-list-of-sources", expected=f"sources.{course.languages[0]}.md")
        yield replace(sourceless[0], finding=finding)


def _check_links(document: ParsedDocument, targets: Collection[str]) -> Iterator[Diagnostic]:
    own = {section.id for section in document.sections} | {entry.id for entry in document.entries}
    known = {*own, *targets}
    for line in document.lines:
        for link in find_links(line.text):
            target, identifier = link.target, link.target[1:]
            if link.is_image or target.startswith(_ELSEWHERE):
                continue
            if not target.startswith("#"):
                yield document.problem(line.number, "link-form", target=target)
            elif document.kind != "simulation" and identifier not in known:
                near = nearest(identifier, known)
                yield document.problem(line.number, "link-to-nothing", target=target, nearest=near)


def _check_sources(document: ParsedDocument, sources: Collection[str]) -> Iterator[Diagnostic]:
    for line in document.lines:
        for source in find_sources(line.text):
            if source not in sources:
                yield document.problem(line.number, "unknown-source", source=source, nearest=nearest(source, sources))


def _check_callouts(document: ParsedDocument, job_roles: Collection[str]) -> Iterator[Diagnostic]:
    for block in document.blocks(Callout):
        kind = " ".join(block.tracks)
        if block.kind == "tracks" and (not block.tracks or not set(block.tracks) <= set(job_roles)):
            near = nearest(kind, {*CALLOUTS, *job_roles})
            known = {} if near else {"known": CALLOUTS, "tracks": tuple(job_roles)}
            yield document.problem(block.line, "unknown-callout", kind=kind, nearest=near, **known)
        elif not block.text.strip():
            yield document.problem(block.line, "empty-callout", kind=kind or block.kind)


def _check_figures(
    document: ParsedDocument, media: Collection[str], languages: tuple[str, ...]
) -> Iterator[Diagnostic]:
    block_lines = {block.line for block in document.blocks(Figure)}
    for line in document.lines:
        for image in find_links(line.text):
            if not image.is_image:
                continue
            if line.number not in block_lines:
                yield document.problem(line.number, "figure-in-paragraph", figure=image.target)
            if not image.label.strip():
                yield document.problem(line.number, "figure-without-alternative", figure=image.target)
            yield from _check_file(document, line.number, image.target, media, languages)


def _check_file(
    document: ParsedDocument, line: int, target: str, media: Collection[str], languages: tuple[str, ...]
) -> Iterator[Diagnostic]:
    if not target.startswith("media/") or target not in media:
        yield document.problem(line, "unknown-figure", figure=target, nearest=nearest(target, media))
        return
    match = re.search(r"\.([a-z0-9-]+)\.\w+$", target)
    if match and match[1] in languages and match[1] != document.language:
        language, expected = display_tag(match[1]), display_tag(document.language)
        yield document.problem(line, "figure-of-other-language", figure=target, language=language, expected=expected)
