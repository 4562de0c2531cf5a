"""Where the steps of a route are opened that are no lessons: rooms above this one name their own pages."""

_pages: dict[str, str] = {}


def register(kind: str, url_name: str) -> None:
    """`url_name` takes the ids of course and step. Called by a room above when it is loaded."""
    _pages[kind] = url_name


def page_of(kind: str) -> str:
    """The url name for a kind of `serving.Step`. Raises KeyError where no room has such pages."""
    return _pages[kind]
