"""Pages that text and the editor's desk lead to and that rooms above this one hold: those name them when loaded."""

from django.urls import reverse

_pages: dict[str, str] = {}


def register(**pages: str) -> None:
    """What a page is for → its url name: `step` (of a course and a step), `tracks`, `card`, `publish` (of a course)."""
    _pages.update(pages)


def address(page: str, *places) -> str:
    """The address of a page, without the host. Raises KeyError where no room has named it."""
    return reverse(_pages[page], args=places)
