"""URL path converters, registered in `courseware.urls`."""


class IdConverter:
    """An id as in docs/formats.md: ASCII letters, digits, "-", ".", "_"."""

    regex = r"[A-Za-z0-9._-]+"
    to_python = to_url = str


class FilePathConverter:
    """The path of a file in a course folder. NUL is excluded, because databases refuse it."""

    regex = r"[^\0]+"
    to_python = to_url = str
