"""Path converters, registered in `courseware.urls`."""


class IdConverter:
    """An id of docs/formats.md: ASCII letters, digits, "-", ".", "_"."""

    regex = r"[A-Za-z0-9._-]+"
    to_python = to_url = str


class FilePathConverter:
    """The path of a file in a course folder, without NUL, which databases refuse."""

    regex = r"[^\0]+"
    to_python = to_url = str
