"""Drafts: save, discard, restore an earlier revision."""

import re
from collections.abc import Callable, Mapping, Sequence

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courseware.autosave.store import drop
from courseware.content.models import Course, Document, Revision
from courseware.content.releases.differences import BOM, equal_stretches
from courseware.content.releases.publishing import lock_course, read_valid, released_revisions
from courseware.content.releases.revisions import File, Files, add_revisions, by_path, files_of, make_file

Check = Callable[[dict[str, bytes]], object]

_LINE_END = re.compile(r"(\r\n|\r|\n)")


class NotChecked(Exception):
    """The texts could not be checked, because the machine is busy. `save_revision` saves them as unchecked."""


class ArchivedDocument(Exception):
    """An import has removed the document from the course."""


class StaleDraft(Exception):
    """The text was saved by another person meanwhile, as revision `latest`. `mine`: as sent; `theirs`: as saved now."""

    def __init__(self, language: str, mine: bytes, theirs: bytes, latest: Revision):
        super().__init__(f"{latest.document}: saved since as revision {latest.number}")
        self.language, self.mine, self.theirs, self.latest = language, mine, theirs, latest


def save_drafts(
    document: Document, texts: Mapping[str, bytes], *, base: Revision, by, at=None, check: Check | None = None
) -> Revision:
    """Save `texts` (language → UTF-8 from a browser) typed on revision `base`; return the latest revision.

    It is new if a text changed. Raise `KeyError` for a language that `base` lacks, `StaleDraft` if another person has
    saved one of the changed texts after `base`, and exceptions of `save_revision`. `check`: see `save_revision`.
    """

    def with_these(latest: Revision) -> Files:
        files = files_of([base, latest])
        touched = {}
        for language, text in texts.items():
            came_from, now = files[base.pk][language], files[latest.pk].get(language)
            body = with_original_line_ends(text, came_from.body)
            if body == came_from.body or (now and body == now.body):
                continue
            if now is None or now.digest != came_from.digest:
                raise StaleDraft(language, body, now.body if now else b"", latest)
            touched[language] = make_file(language, now.path, body)
        return files[latest.pk] | touched

    return save_revision(document, with_these, by=by, at=at, form=form_of(document), check=check)


def save_revision(
    document: Document,
    change: Callable[[Revision], Files],
    *,
    by,
    at=None,
    note: str = "",
    form: str = "",
    check: Check | None = None,
) -> Revision:
    """Save all files that `change` returns for the latest revision, if they differ; return the latest revision.
    `change` may be called again. `form`: URL of the form whose texts, autosaved by user `by`, are deleted. `check`:
    called with path → content instead of `read_valid`; if it raises `NotChecked`, the revision `is_unchecked`; if it
    passes, no latest revision of the course stays `is_unchecked`. Raise `ArchivedDocument`, and exceptions of the check
    (default: `ContentErrors`).
    """
    while True:  # again if another person has saved in the course during the check, which holds no lock
        latest_ids = latest_revision_ids(document.course)
        document = Document.objects.select_related("latest_revision", "course").get(pk=document.pk)
        latest = document.latest_revision
        if latest is None:
            raise ArchivedDocument(document.identifier)
        texts = change(latest)
        is_changed = texts != files_of([latest])[latest.pk]
        if not is_changed and not latest.is_unchecked:
            drop_unsaved(by, form)
            return latest
        bodies = {path: file.body for path, file in course_with(document.course, document, texts).items()}
        try:
            (check or read_valid)(bodies)
            is_unchecked = False
        except NotChecked:
            is_unchecked = True
        with transaction.atomic():
            if latest_revision_ids(lock_course(document.course)) == latest_ids:
                if not is_unchecked:
                    Revision.objects.filter(pk__in=latest_ids.values(), is_unchecked=True).update(is_unchecked=False)
                    latest.is_unchecked = False
                if is_changed:
                    made = add_revisions(
                        {document: texts}, by=by, at=at or timezone.now(), note=note, is_unchecked=is_unchecked
                    )
                    document.latest_revision = latest = made[document]
                    document.save(update_fields=["latest_revision"])
                drop_unsaved(by, form)
                return latest


def check_newest(course: Course, check: Check) -> None:
    """Call `check` with path → content of the latest revisions and, unless it raises, clear their `is_unchecked`."""
    latest_ids = [latest for latest in latest_revision_ids(course).values() if latest]
    check({path: file.body for path, file in by_path(files_of(latest_ids).values()).items()})
    Revision.objects.filter(pk__in=latest_ids, is_unchecked=True).update(is_unchecked=False)


def form_of(document: Document) -> str:
    """Return the URL to which the editor sends the texts of the document."""
    return reverse("admin:content_document_change", args=[document.pk])


def drop_unsaved(person, form: str) -> None:
    """Delete the texts that the user `person` has autosaved for a form (URL). Do nothing if one of them is empty."""
    if person and form:
        drop(person.pk, form)


def latest_revision_ids(course: Course) -> dict[int, int | None]:
    """Return primary key of a document → that of its latest revision (None: archived). Runs one query."""
    return dict(course.documents.values_list("pk", "latest_revision"))


def course_with(course: Course, document: Document, texts: Files) -> dict[str, File]:
    """Return path → latest file of a course, with `texts` as the files of `document`. Runs one query."""
    latest_ids = (
        course.documents.exclude(latest_revision=None).exclude(pk=document.pk).values_list("latest_revision", flat=True)
    )
    return by_path([*files_of(latest_ids).values(), texts])


@transaction.atomic
def discard_draft(document: Document) -> Revision | None:
    """Make the released revision the latest again, and return it. If there is none, change nothing and return None."""
    course = lock_course(document.course)
    released = released_revisions(course).get(document.pk)
    if released:
        Document.objects.filter(pk=document.pk).update(latest_revision=released)
    return released


def restore(document: Document, revision: Revision, *, by, note: str = "", at=None) -> Revision:
    """Save the texts of `revision`, an earlier one of the document, as a draft. Languages that `revision` lacks keep
    their text; languages that were removed since are not restored; paths stay. Result and exceptions are those of
    `save_revision`.
    """

    def as_it_was(latest: Revision) -> Files:
        files = files_of([revision, latest])
        then, now = files[revision.pk], files[latest.pk]
        restored = {language: then.get(language, file) for language, file in now.items()}
        return {
            language: File(language, now[language].path, file.body, file.digest) for language, file in restored.items()
        }

    return save_revision(document, as_it_was, by=by, at=at, note=note)


def text_without_bom(body: bytes) -> str:
    """Return a text for the editor, without BOM."""
    return body.decode(errors="replace").removeprefix(BOM)


def texts_of(files: Files, typed: Mapping[str, str]) -> Files:
    """Return `files` with typed texts (language → text), line ends as before. Languages without a file are ignored."""
    return {
        language: make_file(language, file.path, with_original_line_ends(typed[language].encode(), file.body))
        if language in typed
        else file
        for language, file in files.items()
    }


def with_original_line_ends(text: bytes, original: bytes) -> bytes:
    """Return a text from a form with the BOM, line ends and final line break of the text it is based on."""
    old, new = (cut_lines(body.decode(errors="replace").removeprefix(BOM)) for body in (original, text))
    lines = ended_like([line for line, _end in old], [line for line, _end in new])
    ends = line_ends_like(old, lines)
    bom = BOM if original.startswith(BOM.encode()) else ""
    return (bom + "".join(line + end for line, end in zip(lines, ends, strict=True))).encode()


def line_ends_like(old: Sequence[tuple[str, str]], lines: Sequence[str]) -> list[str]:
    """Return the end of each line: its own in `old` (`cut_lines`) if unchanged, else the most common; last: ""."""
    ends = [end for _line, end in old if end]
    usual = max(sorted(set(ends)), key=ends.count, default="\n")
    line_ends = [usual] * len(lines)
    for start, new_start, size in equal_stretches([line for line, _end in old], lines):
        line_ends[new_start : new_start + size] = [end or usual for _line, end in old[start : start + size]]
    line_ends[-1] = ""
    return line_ends


def cut_lines(text: str) -> list[tuple[str, str]]:
    """Return (line, its end) of each line; the last has no end."""
    parts = _LINE_END.split(text)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def ended_like(old: list[str], new: list[str]) -> list[str]:
    """Return `new` with an empty last line, that is a final line break, if `old` has one, else without it."""
    if old[-1] == "" and new[-1] != "":
        return [*new, ""]
    if old[-1] != "" and new[-1] == "" and len(new) > 1:
        return new[:-1]
    return new
