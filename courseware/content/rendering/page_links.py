"""Addresses of pages of higher apps, which register their url names."""

from django.urls import reverse

_pages: dict[str, str] = {}


def register(**pages: str) -> None:
    """Page → url name: `step`, `preview` (of course and step), `tracks`, `card`, `publish` (of a course)."""
    _pages.update(pages)


def address(page: str, *places) -> str:
    """The path of a page. Raises KeyError if it is not registered."""
    return reverse(_pages[page], args=places)
