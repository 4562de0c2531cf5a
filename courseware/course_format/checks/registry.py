"""The checks that run on every course. A function of this package becomes one by a decorator."""

from collections.abc import Callable, Iterable

from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic

Check = Callable[[CourseText], Iterable[Diagnostic]]
CHECKS: list[Check] = []
CHECKS_WHEN_COMPLETE: list[Check] = []
OF_ONE_DOCUMENT: set[Check] = set()


def always(check: Check) -> Check:
    CHECKS.append(check)
    return check


def when_complete(check: Check) -> Check:
    """Only a finished course can pass it."""
    CHECKS_WHEN_COMPLETE.append(check)
    return check


def of_one_document(check: Check) -> Check:
    """What it finds in a document depends on nothing but that document, the course document and the lists."""
    OF_ONE_DOCUMENT.add(check)
    return check
