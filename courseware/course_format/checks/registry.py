"""Registry of checks: decorators that add a function to the checks of every course."""

from collections.abc import Callable, Iterable

from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic

Check = Callable[[CourseText], Iterable[Diagnostic]]
CHECKS: list[Check] = []
CHECKS_WHEN_COMPLETE: list[Check] = []
OF_ONE_DOCUMENT: set[Check] = set()


def always(check: Check) -> Check:
    """Add a check to CHECKS, which run on every course; return it."""
    CHECKS.append(check)
    return check


def when_complete(check: Check) -> Check:
    """Add a check that only a finished course can pass to CHECKS_WHEN_COMPLETE; return it."""
    CHECKS_WHEN_COMPLETE.append(check)
    return check


def of_one_document(check: Check) -> Check:
    """Mark a check whose issues in a document depend only on it, the course document and the lists; return it."""
    OF_ONE_DOCUMENT.add(check)
    return check
