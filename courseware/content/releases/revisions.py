"""Revisions and their source files: store them, and read them back."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Max

from courseware.content.models import Document, Revision, SourceFile


@dataclass(frozen=True)
class File:
    """One file of a document. `language` is "" for a figure."""

    language: str
    path: str
    body: bytes
    digest: str


Files = Mapping[str, File]  # language → file, of one document


def make_file(language: str, path: str, body: bytes) -> File:
    return File(language, path, body, digest_of_bytes(body))


def digest_of_bytes(body: bytes) -> str:
    """Return the sha256, hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def files_of(revisions: Iterable[Revision | int]) -> dict[int, dict[str, File]]:
    """Return key of a revision → language → file. `revisions`: rows or keys; unknown ones are missing. One query."""
    files: dict[int, dict[str, File]] = defaultdict(dict)
    keys = [getattr(revision, "pk", revision) for revision in revisions]
    for text in SourceFile.objects.filter(revision__in=keys):
        body = bytes(text.body)  # a memoryview on PostgreSQL
        files[text.revision_id][text.language] = File(text.language, text.path, body, text.digest)
    return dict(files)


def by_path(documents: Iterable[Files]) -> dict[str, File]:
    """Return path → file of all these documents."""
    return {file.path: file for files in documents for file in files.values()}


def add_revisions(
    texts: Mapping[Document, Files], *, by, at, note: str = "", is_unchecked: bool = False
) -> dict[Document, Revision]:
    """Store and return a new revision of each document; `latest_revision` stays. `by`: user. Runs three queries."""
    numbers = dict(
        Revision.objects.filter(document__in=texts).order_by().values_list("document").annotate(Max("number"))
    )
    revisions = {
        document: Revision(
            document=document,
            number=numbers.get(document.pk, 0) + 1,
            created_at=at,
            created_by=by,
            note=note,
            is_unchecked=is_unchecked,
        )
        for document in texts
    }
    Revision.objects.bulk_create(revisions.values())
    SourceFile.objects.bulk_create(
        SourceFile(
            revision=revisions[document], language=file.language, path=file.path, body=file.body, digest=file.digest
        )
        for document, files in texts.items()
        for file in files.values()
    )
    return revisions
