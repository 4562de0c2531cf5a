"""URLs of pages of higher packages, which register their URL names."""

from django.urls import reverse

_pages: dict[str, str] = {}


def register(**pages: str) -> None:
    """Set URL names of the pages `step`, `preview` (arguments: course, step), `tracks`, `card`, `publish` (course)."""
    _pages.update(pages)


def page_url(page: str, *arguments) -> str:
    """Return the path of a page. `arguments`: those of its URL. Raise `KeyError` if the page is not registered."""
    return reverse(_pages[page], args=arguments)
