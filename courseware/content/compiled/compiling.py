"""Compile a course: an outline per language, and the data of a page per document and language.

This happens when a release is published and for a preview, never when a page is read. Shapes of the pages, all JSON:

    every kind  title
    lesson      minutes, objectives, blocks, sections, check, questions, order, sources, checked
    exam        html, minutes, time_limit, pass_mark, strata, retakes, reopens, critical_drill; durations in seconds
    simulation  minutes, objectives, sources, checked, read (the line on who has read it, HTML, else "");
                simulation, as `dump_simulation` gives it, with HTML
    bank        questions, order, topics (family → what it is about, in a word or two)
    survey      html, audience, after_days, anonymous, questions
    card        html, sections
    module      html, objectives
    course      html

    blocks      {"type": "html", "html"} · {"type": "callout", "kind": "rule|say|warning|post", "tracks", "html"}
                {"type": "question", "id"} · {"type": "check", "id", "title"} · {"type": "tracks"}
                a callout of kind "say" has "phrase", its key, and "under", the heading above it (`phrases`)
    questions   id → `Question.to_dict()` with HTML for every text; `order` lists the ids, as databases reorder keys
                in the stem of a `mark` each piece stands in <mark>, as long as all can (see `pieces`)
    sources     {"id", "number", "html", "checked", "marks"}, numbered as they first occur on the page; marks are
                "disputed" and "customary"

Titles are plain text, but HTML in questions and in the sections of a card. Paragraphs of lessons, of the card and of
the scene of a simulation have ids; what a search looks through is taken from them when a page is stored (`paragraphs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.compiled.figures import media_of
from courseware.content.compiled.outline import compile_outline
from courseware.content.compiled.pages import KINDS, compile_page
from courseware.content.compiled.readers import Readers, readers_of
from courseware.content.models import ProfessionalReading, ReleaseEntry, Text
from courseware.language.course import CourseText, read_course
from courseware.language.held_back import without_waiting

# Increased whenever the same text compiles to something else; every release is then compiled again by the upgrade.
COMPILER = 13


@dataclass(frozen=True)
class Compiled:
    """`outlines` maps a language to its outline, `pages` (document id, language) to the data of the page."""

    outlines: Mapping[str, dict[str, Any]]
    pages: Mapping[tuple[str, str], dict[str, Any]]


def compile_course(
    course: CourseText, files: Mapping[str, bytes], digests: Mapping[str, str], readers: Readers
) -> Compiled:
    """`course` has no errors. `digests` maps the paths of `files` to the sha256 of their bytes. What waits for a
    professional is left out, where `readers`, by id of a document, names nobody.
    """
    whole, course = course, without_waiting(course, readers)
    media = media_of(course.id, files, digests)
    return Compiled(
        outlines={language: compile_outline(course, language, whole) for language in course.languages},
        pages={
            (identifier, language): compile_page(course, media, identifier, language, readers.get(identifier))
            for identifier in course.documents
            if course.source(identifier).kind in KINDS
            for language in course.languages
        },
    )


def compile_release(release: int) -> Compiled:
    """The texts of a release (by its primary key), which were valid when it was published. Runs two queries."""
    texts = list(Text.objects.filter(revision__entries__release=release))
    bodies = {text.path: bytes(text.body) for text in texts}  # a memoryview on PostgreSQL
    digests = {text.path: text.digest for text in texts}
    entries = ReleaseEntry.objects.filter(release=release).exclude(reading=None)
    readings = ProfessionalReading.objects.filter(entries__in=entries).select_related("revision__document")
    return compile_course(read_course(bodies), bodies, digests, readers_of(readings))
