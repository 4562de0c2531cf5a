"""Page links: URLs of pages of higher packages, which register their URL names."""

from django.urls import reverse

_pages: dict[str, str] = {}


def register(**pages: str) -> None:
    """Set the URL names of pages. Arguments of these URLs: course id (`tracks`, `card`), course id and step id (`step`,
    `preview`), primary key of the course (`publish`).
    """
    _pages.update(pages)


def page_url(page: str, *arguments) -> str:
    """Return the path of a page. `page`, `arguments`: see `register`. Raise `KeyError` if it is not registered."""
    return reverse(_pages[page], args=arguments)
