"""All checks of a course, called by `check`; one module per subject (docs/formats.md §10)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules

from courseware.language.checking.coverage import check_sources_used
from courseware.language.checking.figures import check_figures
from courseware.language.checking.pairs import check_pairs
from courseware.language.checking.registry import CHECKS, CHECKS_WHEN_COMPLETE, OF_ONE_DOCUMENT
from courseware.language.course import CourseText, read_course
from courseware.language.problems import Problem

for module in iter_modules(__path__, f"{__name__}."):
    import_module(module.name)


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
    checks = [*CHECKS, *(CHECKS_WHEN_COMPLETE if complete else ())]
    problems = [*course.problems, *check_sources_used(course, today or date.today())]
    problems += chain.from_iterable(check(narrow if check in OF_ONE_DOCUMENT else course) for check in checks)
    return sorted({*problems, *check_pairs(course, problems)})


def narrowed(course: CourseText, document: str) -> CourseText:
    kept = {course.id, document}
    return replace(course, documents={id: texts for id, texts in course.documents.items() if id in kept})
