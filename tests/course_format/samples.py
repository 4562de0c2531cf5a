"""A small course in two languages, with every kind of document and question. Its files are in `courses/`."""

from pathlib import Path


def texts_in(folder: str) -> dict[str, str]:
    """Path inside the folder → text, in the order of the paths."""
    root = Path(__file__).parent / "courses" / folder
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in files}


COURSE = texts_in("tea-room")
SHEET = texts_in("manager-survey")  # no part of the course, but of some tests
OPTIONAL = texts_in("optional-lesson")  # the same


def drawing(view_box: str = "0 0 9 9", inside: str = "") -> bytes:
    return f'<svg viewBox="{view_box}"><title>Kettle</title><desc>A kettle</desc>{inside}</svg>'.encode()


def make_files(**replaced: str) -> dict[str, bytes]:
    """The files of the course, as they lie in its folder."""
    return {path: text.encode() for path, text in (COURSE | replaced).items()}


def damage(path: str, old: str, new: str, count: int = 1) -> dict[str, bytes]:
    """The files with one mistake: `old` in the file `path` becomes `new`."""
    assert old in COURSE[path], f"{old!r} does not stand in {path}"
    return make_files() | {path: COURSE[path].replace(old, new, count).encode()}
