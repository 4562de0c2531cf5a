"""Content awaiting expert review: simulations and sections of lessons, hidden until then (docs/formats.md §3)."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from courseware.course_format.course import CourseText, Module
from courseware.course_format.parsing.metadata import Meta, SimulationMeta
from courseware.course_format.parsing.parser import ParsedDocument, Section

WAITS = "waits"  # the class of a heading


def awaits_review_whole(meta: Meta | None) -> bool:
    """Return whether the whole document needs an expert review: a simulation with `waits_for`. False for None."""
    return isinstance(meta, SimulationMeta) and meta.waits_for is not None


def sections_awaiting_review(document: ParsedDocument) -> tuple[Section, ...]:
    """Return the sections with the class `.waits` and their subsections, in reading order."""
    found, level = [], None
    for section in document.sections:
        if level is not None and section.level <= level:
            level = None
        if level is None and section.kind == WAITS:
            level = section.level
        if level is not None:
            found.append(section)
    return tuple(found)


def is_awaiting_review(document: ParsedDocument) -> bool:
    """Return whether the document or one of its sections needs an expert review, whether or not it has one already."""
    return awaits_review_whole(document.meta) or bool(sections_awaiting_review(document))


def without_sections_awaiting_review(course: CourseText, read: Collection[str] = ()) -> CourseText:
    """Return the course without simulations and sections that need an expert review, and without the steps of these
    simulations. `read`: ids of documents that an expert has reviewed; they stay whole.
    """
    waiting = {each.id for each in map(course.source, course.documents) if is_awaiting_review(each)}.difference(read)
    if not waiting:
        return course
    left_out = {identifier for identifier in waiting if awaits_review_whole(course.source(identifier).meta)}
    return replace(
        course,
        documents={
            identifier: without_sections_of_all(texts) if identifier in waiting else texts
            for identifier, texts in course.documents.items()
            if identifier not in left_out
        },
        modules=tuple(without_steps(module, left_out) for module in course.modules),
    )


def without_sections_of_all(texts: Mapping[str, ParsedDocument]) -> dict[str, ParsedDocument]:
    return {language: without_sections(text) for language, text in texts.items()}


def without_steps(module: Module, left_out: Collection[str]) -> Module:
    return replace(module, steps=tuple(step for step in module.steps if step.id not in left_out))


def without_sections(document: ParsedDocument) -> ParsedDocument:
    """Return the document without the sections awaiting review."""
    waiting = sections_awaiting_review(document)
    shown = [(section, lines) for section, lines in document.spans() if section not in waiting]
    return replace(
        document,
        sections=tuple(section for section, _lines in shown),
        lines=tuple(line for _section, lines in shown for line in lines),
    )
