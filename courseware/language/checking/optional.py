"""Lessons that nobody has to do: nothing that is asked for may hang on one alone (docs/formats.md §3)."""

from collections.abc import Iterator

from courseware.language.checking.registry import always, when_complete
from courseware.language.course import CourseText
from courseware.language.metadata import CourseMeta
from courseware.language.problems import Finding, Problem


@always
def check_optional(course: CourseText) -> Iterator[Problem]:
    for document, meta in course.with_meta(CourseMeta):
        for lesson in () if meta.completion.lessons == "all" else meta.completion.lessons:
            if lesson in course.optional_lessons:
                finding = Finding("optional-in-completion", lesson=lesson)
                yield Problem(document.path, document.front.line("completion"), finding)
    # Who misses such a question is sent to its lesson, and may have passed it by.
    for bank in course.of_kind("bank"):
        for question in course.questions(bank.id, course.languages[0]):
            section = bank.section(question.id)
            if section and question.lesson in course.optional_lessons:
                yield Problem(bank.path, section.line, Finding("question-of-optional", lesson=question.lesson))


@when_complete
def check_taught(course: CourseText) -> Iterator[Problem]:
    for objective, lesson in course.first_lessons.items():
        listed = course.objectives.get(objective)
        if listed and lesson in course.optional_lessons:
            yield Problem(listed.path, listed.line, Finding("objective-only-optional", objective=objective))
