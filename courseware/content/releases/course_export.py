"""Export a course to a folder, byte for byte: the released files or the latest drafts."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from courseware.content.models import Course, Revision, SourceFile
from courseware.content.releases.course_files import read_folder
from courseware.content.releases.publishing import released_revisions
from courseware.content.releases.revisions import File, by_path, digest_of_bytes, files_of
from courseware.course_format.course import read_course
from courseware.course_format.parsing.documents import is_course_document


class ExportRefused(Exception):
    """Writing would overwrite edits that are stored nowhere else (`paths`), another course, or links."""

    def __init__(self, message: str, paths=()):
        self.paths = tuple(sorted(paths))
        super().__init__(message)


def course_files(course: Course, *, drafts: bool = False) -> dict[str, File]:
    """Return path → file of the released revisions (`drafts`: the latest). Runs two queries."""
    revisions: Iterable[Revision | int]
    if drafts:
        revisions = course.documents.exclude(latest_revision=None).values_list("latest_revision", flat=True)
    else:
        revisions = released_revisions(course).values()
    return by_path(files_of(revisions).values())


def export_course(course: Course, folder: Path, *, drafts: bool = False, force: bool = False) -> list[str]:
    """Write the released files (`drafts`: the latest) of the course; return the paths that were written or removed.

    Files that the course never had stay. Raise `ExportRefused` for a symbolic link at a path to write, and without
    `force` if the folder holds another course or edits that were never imported; `ImportRefused` if it is too large.
    """
    files = course_files(course, drafts=drafts)
    present = read_folder(folder) if folder.exists() else {}
    known = set(SourceFile.objects.filter(revision__document__course=course).values_list("path", "digest"))
    changed = {path: file.body for path, file in files.items() if present.get(path) != file.body}
    if present and not force:
        titles = {path: body for path, body in present.items() if is_course_document(path)}
        if read_course(titles).id != course.identifier:
            raise ExportRefused(f"{folder}: holds something else than {course}; expected an empty folder")
        digests = {digest for _path, digest in known}
        unsaved = [path for path in changed if path in present and digest_of_bytes(present[path]) not in digests]
        if unsaved:
            raise ExportRefused(f"edited in the folder and never imported: {', '.join(sorted(unsaved))}", unsaved)
    gone = [path for path, body in present.items() if path not in files and (path, digest_of_bytes(body)) in known]
    refuse_links(folder, changed)
    write(folder, changed)
    for path in gone:
        (folder / path).unlink()
    return sorted([*changed, *gone])


def refuse_links(folder: Path, paths: Iterable[str]) -> None:
    """Raise `ExportRefused` if one of `paths` (inside `folder`), or a folder between, is a symbolic link."""
    # The folder itself may be a link.
    candidates = {candidate for path in paths for candidate in (PurePosixPath(path), *PurePosixPath(path).parents)}
    links = sorted(str(candidate) for candidate in candidates if candidate.parts and (folder / candidate).is_symlink())
    if links:
        raise ExportRefused(f"{folder}: expected folders and files of its own, and here are links: {', '.join(links)}")


def write(folder: Path, bodies: Mapping[str, bytes]) -> None:
    """Write files (path → content) into the folder, replacing old ones; create folders. Paths are trusted."""
    folder.mkdir(parents=True, exist_ok=True)
    # Files are moved into place, so that none is ever half written.
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as waiting:
        for path, body in bodies.items():
            file = Path(waiting) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        for path in bodies:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(waiting) / path, folder / path)
