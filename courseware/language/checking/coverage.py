"""Whether a course is complete: points covered, not too many minutes, sources used and recent (docs/formats.md §10)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from courseware.language.course import CourseText
from courseware.language.metadata import ExamMeta, LessonMeta
from courseware.language.pace import minutes_of
from courseware.language.problems import Finding, Problem
from courseware.language.spans import find_sources

MOST_MINUTES = 240  # half a working day
FRESH_FOR = timedelta(days=365)


def check_covered(course: CourseText) -> Iterator[Problem]:
    """A point is covered by itself or by the heading above it."""
    covered = {point for _, meta in course.with_meta(LessonMeta) for point in meta.covers}
    for document in course.of_kind("outline"):
        for section in document.sections:
            for entry in section.blocks if section.id not in covered else ():
                if (point := getattr(entry, "id", None)) and point not in covered:
                    yield Problem(document.path, entry.line, Finding("point-not-covered", point=point))


def check_minutes(course: CourseText) -> Iterator[Problem]:
    for source in course.of_kind("course"):
        for language, document in course.documents[source.id].items():
            minutes = planned_minutes(course, language)
            if minutes > MOST_MINUTES:
                finding = Finding("minutes-of-course", minutes=minutes, language=language, most=MOST_MINUTES)
                yield Problem(document.path, 1, finding)


def planned_minutes(course: CourseText, language: str) -> float:
    """Minutes of lessons, simulations and exams. A pre-check may be skipped and does not count."""
    counted = [document.id for document, _ in course.with_meta(LessonMeta)]
    counted += [document.id for document, meta in course.with_meta(ExamMeta) if not meta.is_pre_check]
    return sum(minutes_of(course, each, language) or 0 for each in counted)


def check_sources_used(course: CourseText, today: date) -> Iterator[Problem]:
    used = {
        source
        for languages in course.documents.values()
        for document in languages.values()
        for line in document.lines
        for source in find_sources(line.text)
    }
    for source in course.sources.values():
        if source.id not in used and not course.unread:
            yield Problem(source.path, source.line, Finding("source-not-used", source=source.id))
        if "checked" in source.attrs:
            for finding in _check_date(source.id, source.attrs["checked"], today):
                yield Problem(source.path, source.line, finding)


def _check_date(source: str, text: str, today: date) -> Iterator[Finding]:
    try:
        checked = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        yield Finding("checked-not-a-date", got=text)
        return
    if checked > today:
        yield Finding("checked-in-future", source=source, checked=text)
    elif today - checked > FRESH_FOR:
        yield Finding("checked-long-ago", source=source, checked=text)
