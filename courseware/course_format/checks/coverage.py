"""Checks of coverage: syllabus points, cases, minutes, optional lessons, use of sources (docs/formats.md §3, §10)."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from courseware.course_format.awaiting_review import awaits_review_whole
from courseware.course_format.checks.registry import always, when_complete
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import SourceLine
from courseware.course_format.parsing.lists import Entry
from courseware.course_format.parsing.marked_text import find_sources
from courseware.course_format.parsing.metadata import CourseMeta, LessonMeta
from courseware.course_format.reading_time import required_minutes

MOST_MINUTES = 180  # for any job role, including simulations and exam
FRESH_FOR = timedelta(days=365)
CASES = "cases"  # the heading below which sources are cases


@when_complete
def check_covered(course: CourseText) -> Iterator[Diagnostic]:
    """Report syllabus points that no document covers by id or heading. Simulations with `waits_for` do not count."""
    covered = {
        point for _, meta in course.with_meta(LessonMeta) if not awaits_review_whole(meta) for point in meta.covers
    }
    for document in course.of_kind("outline"):
        for section in document.sections:
            for entry in section.blocks if section.id not in covered else ():
                if (point := getattr(entry, "id", None)) and point not in covered:
                    yield document.problem(entry.line, "point-not-covered", point=point)


@when_complete
def check_cases(course: CourseText) -> Iterator[Diagnostic]:
    """Report bank questions that cite cases if their lesson cites none of these. Cases are sources below `#cases`."""
    cases = _cases(course)
    cited = {lesson.id: cases & _cited(lesson.lines) for lesson in course.of_kind("lesson")}
    for bank in course.of_kind("bank"):
        lessons = {question.id: question.lesson for question in course.questions(bank.id, course.languages[0])}
        for section, lines in bank.spans():
            asked, lesson = cases & _cited(lines), lessons.get(section.id, "")
            if asked and asked.isdisjoint(cited.get(lesson, asked)):
                suitable = tuple(one for one, there in cited.items() if asked & there) or None
                yield bank.problem(
                    section.line, "case-not-told", lesson=lesson, cases=tuple(sorted(asked)), homes=suitable
                )


def _cases(course: CourseText) -> set[str]:
    sections = [section for document in course.of_kind("sources") for section in document.sections]
    blocks = [block for section in sections if section.id == CASES for block in section.blocks]
    return {block.id for block in blocks if isinstance(block, Entry)}


@when_complete
def check_section_links(course: CourseText) -> Iterator[Diagnostic]:
    """Report bank questions without `section=`, the heading that teaches them."""
    for bank in course.of_kind("bank"):
        for section in bank.questions:
            if not section.attrs.get("section"):
                lesson = course.question(section.id, course.languages[0]).lesson
                yield bank.problem(section.line, "section-missing", lesson=lesson)


def _cited(lines: Iterable[SourceLine]) -> set[str]:
    return {source for line in lines for source in find_sources(line.text)}


@when_complete
def check_minutes(course: CourseText) -> Iterator[Diagnostic]:
    """Report a course that takes more than MOST_MINUTES minutes, for each language."""
    for _source, document in course.texts("course"):
        minutes, language = required_minutes(course, document.language), document.language
        if minutes > MOST_MINUTES:
            yield document.problem(1, "minutes-of-course", minutes=minutes, language=language, most=MOST_MINUTES)


@always
def check_optional(course: CourseText) -> Iterator[Diagnostic]:
    """Report optional lessons that the completion rule names, and bank questions that lead to an optional lesson."""
    for document, meta in course.with_meta(CourseMeta):
        for lesson in () if meta.completion.lessons == "all" else meta.completion.lessons:
            if lesson in course.optional_lessons:
                yield document.problem(document.front.line("completion"), "optional-in-completion", lesson=lesson)
    for bank in course.of_kind("bank"):
        for question in course.questions(bank.id, course.languages[0]):
            section = bank.section(question.id)
            if section and question.lesson in course.optional_lessons:
                yield bank.problem(section.line, "question-of-optional", lesson=question.lesson)


@when_complete
def check_taught(course: CourseText) -> Iterator[Diagnostic]:
    """Report objectives that only optional lessons teach."""
    for objective, lesson in course.first_lessons.items():
        listed = course.objectives.get(objective)
        if listed and lesson in course.optional_lessons:
            yield listed.problem("objective-only-optional", objective=objective)


def check_sources_used(course: CourseText, today: date) -> Iterator[Diagnostic]:
    """Report check dates invalid, after `today` or over 365 days old; unused sources only if no document is unread."""
    used = {source for _source, document in course.texts() for source in _cited(document.lines)}
    for source in course.sources.values():
        if source.id not in used and not course.unread:
            yield source.problem("source-not-used", source=source.id)
        if "checked" in source.attrs:
            for finding in _check_date(source.id, source.attrs["checked"], today):
                yield Diagnostic(source.path, source.line, finding)


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
