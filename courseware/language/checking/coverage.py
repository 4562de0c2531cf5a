"""Whether a course is whole: outline points covered, minutes as planned, sources used and fresh (formats.md §10)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from courseware.language.course import CourseText
from courseware.language.documents import Problem
from courseware.language.spans import find_sources

PLANNED_MINUTES = range(90, 121)
FRESH_FOR = timedelta(days=365)


def check_covered(course: CourseText) -> Iterator[Problem]:
    """Every outline point is claimed by a lesson or a simulation, itself or by the heading it stands under."""
    metas = [document.meta for document in course.of_kind("lesson", "simulation")]
    covered = {point for meta in metas if meta for point in meta.covers}
    for document in course.of_kind("outline"):
        for section in document.sections:
            for entry in section.blocks if section.id not in covered else ():
                if (point := getattr(entry, "id", None)) and point not in covered:
                    message = f"outline point {point} is covered by no lesson, simulation or objective"
                    yield Problem(document.path, entry.line, message)


def check_minutes(course: CourseText) -> Iterator[Problem]:
    minutes = planned_minutes(course)
    if minutes not in PLANNED_MINUTES:
        expected = f"{PLANNED_MINUTES.start}–{PLANNED_MINUTES.stop - 1}"
        for document in course.of_kind("course"):
            yield Problem(document.path, 1, f"minutes of the course add to {minutes}, expected {expected}", "warning")


def planned_minutes(course: CourseText) -> int:
    """What everybody goes through, required or not; a pre-check may be skipped."""
    metas = [document.meta for document in course.of_kind("lesson", "simulation", "exam") if document.meta]
    return sum(meta.minutes for meta in metas if not getattr(meta, "is_pre_check", False))


def check_sources_used(course: CourseText, today: date) -> Iterator[Problem]:
    """Warnings about sources nobody names, and such as were looked at more than a year ago."""
    used = {
        source
        for languages in course.documents.values()
        for document in languages.values()
        for line in document.lines
        for source in find_sources(line.text)
    }
    for source in course.sources.values():
        if source.id not in used and not course.unread:
            yield Problem(source.path, source.line, f"source {source.id} is not used", "warning")
        if "checked" in source.attrs:
            yield from _check_date(source.path, source.line, source.id, source.attrs["checked"], today)


def _check_date(path: str, line: int, source: str, text: str, today: date) -> Iterator[Problem]:
    try:
        checked = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        yield Problem(path, line, f'checked: expected a date, as in 2026-11-20, got "{text}"')
        return
    if checked > today:
        yield Problem(path, line, f"source {source} is checked in the future: {text}")
    elif today - checked > FRESH_FOR:
        yield Problem(path, line, f"source {source} was checked more than 12 months ago, on {text}", "warning")
