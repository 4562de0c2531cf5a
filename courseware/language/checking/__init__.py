"""What an author can be told about a course: one entry, `check`; one module per subject (docs/formats.md §10)."""

from collections.abc import Mapping
from datetime import date
from itertools import chain

from courseware.language.checking.banks import check_balance, check_draws, check_drills, check_tested
from courseware.language.checking.choices import check_choices, check_survey_questions
from courseware.language.checking.claims import check_claims, check_source_marks
from courseware.language.checking.coverage import check_covered, check_minutes, check_sources_used
from courseware.language.checking.figures import check_figures
from courseware.language.checking.headings import check_headings, check_ids
from courseware.language.checking.links import check_marks, check_references
from courseware.language.checking.pace import check_pace
from courseware.language.checking.pairs import check_pairs
from courseware.language.checking.prose import check_prose
from courseware.language.checking.simulations import check_simulations
from courseware.language.checking.wording import check_wording
from courseware.language.course import CourseText, read_course
from courseware.language.problems import Problem

ALWAYS = (
    check_headings,
    check_ids,
    check_choices,
    check_survey_questions,
    check_references,
    check_marks,
    check_prose,
    check_wording,
    check_claims,
    check_source_marks,
    check_draws,
    check_drills,
    check_simulations,
    check_balance,
)
WHEN_COMPLETE = (check_covered, check_minutes, check_tested, check_pace)


def check(files: Mapping[str, bytes], *, complete: bool = False, today: date | None = None) -> list[Problem]:
    """All problems of the files of one course, sorted by path and line.

    `complete` adds what only holds for a finished course: every outline point is covered, the minutes add up,
    every objective is tested. `today` decides which sources were checked too long ago (default: the system's).
    """
    problems = check_course(read_course(files), complete=complete, today=today)
    return sorted({*problems, *check_figures(files)})


def check_course(course: CourseText, *, complete: bool = False, today: date | None = None) -> list[Problem]:
    """As `check`, for a course that was read already; its figures are not looked into."""
    checks = ALWAYS + (WHEN_COMPLETE if complete else ())
    found = [*course.problems, *check_sources_used(course, today or date.today())]
    found += chain.from_iterable(check(course) for check in checks)
    return sorted({*found, *check_pairs(course, found)})
