"""All checks of a course, one module per subject (docs/formats.md §10). `check` runs them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules

from courseware.course_format.checks.coverage import check_sources_used
from courseware.course_format.checks.figures import check_figures
from courseware.course_format.checks.pairs import check_pairs
from courseware.course_format.checks.registry import CHECKS, CHECKS_WHEN_COMPLETE, OF_ONE_DOCUMENT
from courseware.course_format.course import CourseText, read_course
from courseware.course_format.diagnostics import Diagnostic

for module in iter_modules(__path__, f"{__name__}."):
    import_module(module.name)


def check(files: Mapping[str, bytes], *, complete: bool = False, today: date | None = None) -> list[Diagnostic]:
    """Return the issues of a course folder (path → content), sorted by path and line.

    `complete`: also run checks that only a finished course passes. `today` (default: now) decides the age of sources.
    """
    problems = check_course(read_course(files), complete=complete, today=today)
    return sorted({*problems, *check_figures(files)})


def check_course(
    course: CourseText, *, complete: bool = False, today: date | None = None, changed: str = ""
) -> list[Diagnostic]:
    """Return the issues of a parsed course as `check` does, except those inside figures. `changed`: id of the only
    document that may have errors (trusted: issues inside others may be missing), or "".
    """
    narrow = course
    if changed in course.documents and changed != course.id:
        narrow = replace(course, documents={each: course.documents[each] for each in (course.id, changed)})
    checks = [*CHECKS, *(CHECKS_WHEN_COMPLETE if complete else ())]
    problems = [*course.problems, *check_sources_used(course, today or date.today())]
    problems += chain.from_iterable(check(narrow if check in OF_ONE_DOCUMENT else course) for check in checks)
    return sorted({*problems, *check_pairs(course, problems)})
