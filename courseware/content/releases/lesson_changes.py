"""Changes of lessons with an impact on learners, up to a release."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from courseware.content.models import ASKS_TO_REREAD, Document, Release, ReleaseEntry, SourceFile

IN_MEMORY = 64


@dataclass(frozen=True)
class SignificantChange:
    """A released change with an impact. `release` and `revision` are primary keys."""

    release: int
    revision: int
    impact: str
    note: str
    at: datetime


@dataclass(frozen=True, eq=False)
class LessonHistory:
    """Changes of a lesson up to `revision`, oldest first. `digests`: (key of a revision, language) → checksum."""

    document: int
    identifier: str
    revision: int
    source_language: str
    changes: list[SignificantChange] = field(default_factory=list)
    digests: dict[tuple[int, str], str] = field(default_factory=dict)

    def texts(self, language: str) -> dict[int, str | None]:
        """Return each released revision (key) up to `self.revision` → result of `text`, oldest first."""
        revisions = sorted({revision for revision, _language in self.digests if revision <= self.revision})
        return {revision: self.text(revision, language) for revision in revisions}

    def since(self, seen: int, language: str) -> tuple[SignificantChange, ...]:
        """Return changes in `language` after revision `seen` (key), or after the last revision with its text."""
        later = [change for change in self.changes if change.revision > seen]
        if not later:
            return ()
        texts = self.texts(language)
        revisions = list(texts)
        same = [revision for revision in revisions if revision >= seen and texts[revision] == texts.get(seen)]
        last = max(same, default=seen)
        before = dict(zip(revisions[1:], revisions, strict=False))
        return tuple(
            change
            for change in later
            if change.revision > last and texts[change.revision] != texts.get(before.get(change.revision, seen))
        )

    def text(self, revision: int, language: str) -> str | None:
        """Return the checksum of a revision's text in `language` or else the source language, None without a text."""
        return self.digests.get((revision, language), self.digests.get((revision, self.source_language)))


@lru_cache(IN_MEMORY)  # a release never changes, nor do those before it
def lesson_histories(release: int) -> Mapping[int, LessonHistory]:
    """Return primary key → history of each lesson in a release (primary key) that had a change to reread or retake, up
    to the release. Cached; runs at most 3 queries.
    """
    changed = ReleaseEntry.objects.filter(
        impact__in=ASKS_TO_REREAD,
        document__kind=Document.Kind.LESSON,
        release__course__releases=release,
        release__number__lte=Release.objects.filter(pk=release).values("number"),
    )
    now = {
        entry.document_id: entry
        for entry in ReleaseEntry.objects.filter(release=release, document__in=changed.values("document"))
        .select_related("document", "release__course")
        .defer("release__outlines")
    }
    histories = {
        key: LessonHistory(key, entry.document.identifier, entry.revision_id, entry.release.course.source_language)
        for key, entry in now.items()
    }
    if not histories:
        return histories
    fields = ("document", "release", "revision", "impact", "release__note", "release__created_at")
    for key, *change in changed.order_by("release__number").values_list(*fields):
        if key in histories:
            histories[key].changes.append(SignificantChange(*change))
    texts = SourceFile.objects.filter(
        revision__document__in=histories, revision__entries__release__course__releases=release
    )
    for key, revision, language, digest in texts.values_list(
        "revision__document", "revision", "language", "digest"
    ).distinct():
        histories[key].digests[revision, language] = digest
    return histories


def clear_caches() -> None:
    # For tests: after a rollback, primary keys are used again.
    lesson_histories.cache_clear()
