"""Files of a course folder: reading, limits, unsafe paths."""

import re
from collections.abc import Container, Mapping
from pathlib import Path

from courseware.content.releases.publishing import ContentErrors, read_valid
from courseware.course_format.checks.figures import check_figures
from courseware.course_format.course import CourseText

MAX_FILES = 5_000
MAX_DOCUMENT = 500_000  # bytes
MAX_FILE = 5_000_000  # bytes, of a figure
MAX_TOTAL = 100_000_000  # bytes
MAX_PATH = 200  # characters

_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')


class ImportRefused(Exception):
    """The folder or an argument of the import is refused: unsafe path, too much data, another kind, unknown id."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return path inside the folder → content, without hidden files and links. Raise `ImportRefused` beyond a limit."""
    files: dict[str, bytes] = {}
    total = 0
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_symlink() or not file.is_file() or any(part.startswith(".") for part in parts):
            continue
        total += file.stat().st_size
        if len(files) >= MAX_FILES or total > MAX_TOTAL or file.stat().st_size > MAX_FILE:
            raise ImportRefused(f"{file}: too much; a course has at most {MAX_FILES} files and {MAX_TOTAL} bytes")
        files["/".join(parts)] = file.read_bytes()
    return files


def read_valid_folder(files: Mapping[str, bytes]) -> CourseText:
    """Parse a course (path → content). Raise `ContentErrors` if the course or one of its figures has an error."""
    wrong = [problem for problem in check_figures(files) if problem.level == "error"]
    try:
        text = read_valid(dict(files))
    except ContentErrors as errors:
        raise ContentErrors(sorted({*errors.problems, *wrong})) from None
    if wrong:
        raise ContentErrors(wrong)
    return text


def refuse_unsafe_path(path: str, files: Container[str]) -> None:
    """Raise `ImportRefused` if `path` is unsafe or too long, or a folder in it is one of `files` (paths)."""
    parts = path.split("/")
    if _UNSAFE.search(path) or len(path) > MAX_PATH or not {"", ".", ".."}.isdisjoint(parts):
        raise ImportRefused(f"{path!r}: no path inside a course folder")
    if any("/".join(parts[:end]) in files for end in range(1, len(parts))):
        raise ImportRefused(f"{path}: one of its folders is a file")


def refuse_unsafe(files: Mapping[str, bytes]) -> None:
    """Raise `ImportRefused` if a path is unsafe, or files are too many or too large. `files`: path → content."""
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_TOTAL:
        raise ImportRefused(f"too much; a course has at most {MAX_FILES} files and {MAX_TOTAL} bytes")
    for path, body in files.items():
        refuse_unsafe_path(path, files)
        limit = MAX_DOCUMENT if path.endswith(".md") else MAX_FILE
        if len(body) > limit:
            raise ImportRefused(f"{path}: {len(body)} bytes; at most {limit} are kept")
