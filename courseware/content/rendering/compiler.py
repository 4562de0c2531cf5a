"""Compiler of a course to JSON, when it is published: an outline per language, a page per document and language:

    every kind  title
    lesson      minutes, objectives, blocks, sections, check, questions, order, sources, checked
    exam        html, minutes, time_limit, pass_mark, strata, retakes, reopens, critical_drill; durations in seconds
    simulation  minutes, objectives, sources, checked, read (HTML about the reviewer, else ""), simulation
                (`dump_simulation` with HTML)
    bank        questions, order, topics (variant group → its topic in a word or two)
    survey      html, audience, after_days, anonymous, questions
    card        html, jurisdiction (its title or ""), sections
    module      html, objectives
    course      html

    blocks      {"type": "html", "html"} · {"type": "callout", "kind": "rule|say|warning|job-role", "tracks", "html"}
                {"type": "question", "id"} · {"type": "check", "id", "title"} · {"type": "tracks"}
                a callout of kind "say" has "phrase", its key, and "under", the heading above it (`phrases`)
    questions   id → `Question.to_dict()` with HTML for every text; `order` lists the ids, as databases reorder keys
                in the stem of a `mark`, each piece is in a <mark> if all can be (see `markable_text`)
    sources     {"id", "number", "html", "checked", "marks"}, numbered as they first occur on the page; marks are
                "disputed" and "customary"

Titles are plain text, in questions and in the sections of a card HTML. Paragraphs have ids (`paragraphs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.models import ExpertReview, ReleaseEntry, SourceFile
from courseware.content.rendering.expert_reviews import Reviewers, reviewers_of
from courseware.content.rendering.figures import media_of
from courseware.content.rendering.outline import compile_outline
from courseware.content.rendering.pages import KINDS, compile_page
from courseware.course_format.awaiting_review import without_sections_awaiting_review
from courseware.course_format.course import CourseText, read_course

# Increase it if the same text compiles to something else. Then the upgrade compiles every release again.
COMPILER = 13


@dataclass(frozen=True)
class Compiled:
    """`outlines`: language → outline; `pages`: (document id, language) → page data."""

    outlines: Mapping[str, dict[str, Any]]
    pages: Mapping[tuple[str, str], dict[str, Any]]


def compile_course(
    course: CourseText, files: Mapping[str, bytes], digests: Mapping[str, str], readers: Reviewers
) -> Compiled:
    """Compile a course without errors. `files`: path → content; `digests`: path → sha256 (hexadecimal). `readers`:
    document id → reviewer; content of other documents that awaits expert review is left out.
    """
    whole, course = course, without_sections_awaiting_review(course, readers)
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
    """Compile a release (key) from its source files and reviews; store nothing. Runs two queries."""
    texts = list(SourceFile.objects.filter(revision__entries__release=release))
    bodies = {text.path: bytes(text.body) for text in texts}  # a memoryview on PostgreSQL
    digests = {text.path: text.digest for text in texts}
    entries = ReleaseEntry.objects.filter(release=release).exclude(reading=None)
    reviews = ExpertReview.objects.filter(entries__in=entries).select_related("revision__document")
    return compile_course(read_course(bodies), bodies, digests, reviewers_of(reviews))
