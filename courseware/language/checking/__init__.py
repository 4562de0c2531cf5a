"""All checks of a course, called by `check`; one module per subject (docs/formats.md §10)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import chain

from courseware.language.checking.banks import (
    check_balance,
    check_draws,
    check_drills,
    check_tested,
    check_topics,
)
from courseware.language.checking.choices import check_choices, check_survey_questions
from courseware.language.checking.claims import check_claims, check_source_marks
from courseware.language.checking.coverage import (
    check_cases,
    check_covered,
    check_led,
    check_minutes,
    check_sources_used,
)
from courseware.language.checking.figures import check_figures
from courseware.language.checking.guessing import check_guessers
from courseware.language.checking.headings import check_headings, check_ids, check_track_choice, check_waiting
from courseware.language.checking.links import check_marks, check_references, check_sections_named
from courseware.language.checking.optional import check_optional, check_taught
from courseware.language.checking.pace import check_pace, check_seconds, check_written_minutes
from courseware.language.checking.pairs import check_pairs
from courseware.language.checking.prose import check_prose
from courseware.language.checking.screens import check_screens
from courseware.language.checking.simulations import check_simulations
from courseware.language.checking.wording import check_terms_said, check_wording
from courseware.language.course import CourseText, read_course
from courseware.language.problems import Problem

ALWAYS = (
    check_headings,
    check_ids,
    check_track_choice,
    check_waiting,
    check_choices,
    check_survey_questions,
    check_references,
    check_sections_named,
    check_marks,
    check_optional,
    check_prose,
    check_screens,
    check_wording,
    check_claims,
    check_source_marks,
    check_draws,
    check_topics,
    check_drills,
    check_simulations,
    check_balance,
    check_written_minutes,
)
# What these find in a document depends on nothing but that document, the course document and the lists. They cost most.
OF_ONE_DOCUMENT = (check_wording, check_simulations)
WHEN_COMPLETE = (
    check_covered,
    check_cases,
    check_led,
    check_minutes,
    check_tested,
    check_taught,
    check_pace,
    check_seconds,
    check_terms_said,
    check_guessers,
)


def check(files: Mapping[str, bytes], *, complete: bool = False, today: date | None = None) -> list[Problem]:
    """The problems of the files of one course, sorted by path and line.

    `complete` adds what only a finished course can meet: every outline point is covered, every case told where a
    question leads, every objective tested, every term said, nothing too long, no key told by its look. `today` decides
    which sources were checked too long ago (default: the system's date).
    """
    problems = check_course(read_course(files), complete=complete, today=today)
    return sorted({*problems, *check_figures(files)})


def check_course(
    course: CourseText,
    *,
    complete: bool = False,
    today: date | None = None,
    changed: str = "",
) -> list[Problem]:
    """As `check` for a course that is read already, without the contents of its figures.

    `changed` is the id of a document where the course is known to be without errors but for what was changed in that:
    then all of its problems are found, and all errors that they make in others, at half the cost.
    """
    narrow = narrowed(course, changed) if changed in course.documents and changed != course.id else course
    checks = ALWAYS + (WHEN_COMPLETE if complete else ())
    problems = [*course.problems, *check_sources_used(course, today or date.today())]
    problems += chain.from_iterable(check(narrow if check in OF_ONE_DOCUMENT else course) for check in checks)
    return sorted({*problems, *check_pairs(course, problems)})


def narrowed(course: CourseText, document: str) -> CourseText:
    kept = {course.id, document}
    return replace(course, documents={id: texts for id, texts in course.documents.items() if id in kept})
