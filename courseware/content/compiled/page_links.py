"""Addresses of pages of rooms above this one, which register their url names when they are loaded."""

from django.urls import reverse

_pages: dict[str, str] = {}


def register(**pages: str) -> None:
    """Page → its url name. Pages are `step` and `preview` (of a course and a step), `tracks`, `card` and
    `publish` (of a course)."""
    _pages.update(pages)


def address(page: str, *places) -> str:
    """The path of a page. Raises KeyError where no room has registered it."""
    return reverse(_pages[page], args=places)
