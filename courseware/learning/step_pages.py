"""The pages of steps other than lessons, which rooms above this one register."""

_pages: dict[str, str] = {}


def register(kind: str, url_name: str) -> None:
    """The url `url_name` takes the ids of course and step. Called by an app when it is ready."""
    _pages[kind] = url_name


def url_name_of(kind: str) -> str:
    """The url name for a kind of `serving.Step`. Raises KeyError if no room has registered one."""
    return _pages[kind]
