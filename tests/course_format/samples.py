"""A small course in two languages with every kind of document and question; files in `courses/`."""

from pathlib import Path


def texts_in(folder: str) -> dict[str, str]:
    """Return path inside the folder → text, sorted by path."""
    root = Path(__file__).parent / "courses" / folder
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in files}


COURSE = texts_in("tea-room")
FOLLOW_UP = texts_in("manager-survey")  # not part of the course; added by some tests
OPTIONAL = texts_in("optional-lesson")  # likewise


def drawing(view_box: str = "0 0 9 9", inside: str = "") -> bytes:
    return f'<svg viewBox="{view_box}"><title>Kettle</title><desc>A kettle</desc>{inside}</svg>'.encode()


def make_files(**replaced: str) -> dict[str, bytes]:
    """Return the files of the course by path."""
    return {path: text.encode() for path, text in (COURSE | replaced).items()}


def damage(path: str, old: str, new: str, count: int = 1) -> dict[str, bytes]:
    """Return the files with `old` replaced by `new` in the file `path`."""
    assert old in COURSE[path], f"{old!r} does not stand in {path}"
    return make_files() | {path: COURSE[path].replace(old, new, count).encode()}
