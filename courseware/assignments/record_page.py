"""Where somebody's run through a course is shown: the room above that has the page puts its name down here."""

_names: dict[str, str] = {}


def register_record_page(url_name: str) -> None:
    """The url `url_name` takes the key of an enrollment. Called by an app when it is ready."""
    _names["page"] = url_name


def record_page() -> str:
    return _names["page"]
