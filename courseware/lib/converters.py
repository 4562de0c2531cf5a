"""Parts of addresses, made known to `path` by `courseware.urls`."""


class IdConverter:
    """An id of docs/formats.md: ASCII letters, digits, "-", ".", "_"."""

    regex = r"[A-Za-z0-9._-]+"
    to_python = to_url = str


class FilePathConverter:
    """The path of a file in a course folder; a NUL is part of none, and no database takes one."""

    regex = r"[^\0]+"
    to_python = to_url = str
