"""Import a course folder: a three-way comparison of the files, the last import and the admin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from courseware.audit_log.record import record
from courseware.content.models import Course, Document, ImportedFile, Release, RenderedPage, Revision
from courseware.content.releases.course_files import ImportRefused, read_valid_folder, refuse_unsafe
from courseware.content.releases.publishing import (
    compile_valid,
    lasting_expert_reviews,
    lock_course,
    release,
    released_revisions,
)
from courseware.content.releases.revisions import File, add_revisions, digest_of_bytes, files_of, make_file
from courseware.content.rendering.compiler import Compiled
from courseware.content.rendering.expert_reviews import Reviewers, reviewers_of
from courseware.course_format.course import CourseText
from courseware.course_format.parsing.documents import is_course_document
from courseware.course_format.parsing.frontmatter import decode, parse_front
from courseware.course_format.parsing.metadata import CourseChange

ASKING = (Document.Kind.LESSON, Document.Kind.BANK)

Key = tuple[str, str]  # id of a document, language


class ImportConflict(Exception):
    """Files (`paths`) were changed in the folder and in the admin since the last import."""

    def __init__(self, paths: Iterable[str]):
        self.paths = tuple(sorted(paths))
        super().__init__("changed in the files and in the admin: " + ", ".join(self.paths))


@dataclass(frozen=True)
class ImportReport:
    """Result of an import, by path. `release`: None if learners see no change; `kept`: the admin keeps another text."""

    course: Course | None
    release: Release | None = None
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    weighed: Mapping[str, str] = field(default_factory=dict)  # document id → impact of its change, if given
    merged: tuple[str, ...] = ()  # files that were in conflict and were taken
    gone: tuple[str, ...] = ()  # ids of removed questions

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


def import_course(
    files: Mapping[str, bytes],
    *,
    merged: Iterable[str] = (),
    impacts: Mapping[str, str] | None = None,
    by=None,
    note: str = "",
    dry_run: bool = False,
) -> ImportReport:
    """Import and release one course folder (path inside it → content), all or nothing. Changes in the admin stay.

    `merged`: paths in conflict whose file now has the merged text. `impacts`: id of a changed document →
    `Release.Impact`. New entries in `changes` of the course document also set impacts, and `note` if it is empty. `by`:
    user or None. `dry_run`: write nothing. Raise `ImportRefused` (also for `merged` without a conflict, and `impacts`
    of unchanged documents), `ContentErrors`, `ImportConflict` and `PassMarkTooLow`.
    """
    refuse_unsafe(files)
    digests = {path: digest_of_bytes(body) for path, body in files.items()}
    merged, impacts = frozenset(merged), dict(impacts or {})
    if not merged and not impacts and (known := course_imported_as(digests)) is not None:
        return ImportReport(known)
    text = read_valid_folder(files)
    incoming = incoming_files(text, files)
    while True:  # again if another person has saved in the course meanwhile
        importing = _Import(text, incoming, merged, impacts, by, note)
        if dry_run or not importing.taken:
            return importing.report
        with transaction.atomic():
            if course := importing.lock_unchanged():
                return importing.run(course)


def course_imported_as(digests: Mapping[str, str]) -> Course | None:
    """Return the course whose last import had exactly these files (path → sha256), or None."""
    titles = list(filter(is_course_document, digests))
    title_texts = ImportedFile.objects.filter(path__in=titles, digest__in=[digests[path] for path in titles])
    for course in Course.objects.filter(documents__imported_files__in=title_texts).select_related("current").distinct():
        rows = ImportedFile.objects.filter(document__course=course).values_list("path", "digest")
        if dict(rows) == digests:
            return course
    return None


def released_questions(course: Course | None) -> set[str]:
    """Return ids of the questions of lessons and banks in the current release, an empty set without one."""
    if course is None:
        return set()
    pages = RenderedPage.objects.filter(entries__release=course.current_id, language=course.source_language)
    orders = pages.filter(document__kind__in=ASKING).values_list("data__order")
    return {identifier for (order,) in orders for identifier in order}


def incoming_files(text: CourseText, files: Mapping[str, bytes]) -> dict[Key, File]:
    """Return (document id, language) → file; a figure has its path as id, and language "". `files`: path → content.
    Raise `ImportRefused` if the path of a figure is the id of a document.
    """
    incoming = {
        (identifier, language): make_file(language, document.path, files[document.path])
        for identifier, languages in text.documents.items()
        for language, document in languages.items()
    }
    for path in text.media:
        if path in text.documents:
            raise ImportRefused(f"{path}: a document has this id")
        incoming[path, ""] = make_file("", path, files[path])
    return incoming


def basis_of(course: Course | None) -> tuple:
    """Return (key of the current release, document key → latest revision key, rows of the last import)."""
    if course is None:
        return None, {}, set()
    base = ImportedFile.objects.filter(document__course=course).values_list("document", "language", "path", "digest")
    return course.current_id, dict(course.documents.values_list("pk", "latest_revision")), set(base)


class _Import:
    """One import: a plan, made without a lock, and its execution. Files are compared by checksum."""

    def __init__(
        self,
        text: CourseText,
        theirs: dict[Key, File],
        merged: frozenset[str],
        impacts: dict[str, str],
        by: AbstractBaseUser | None,
        note: str,
    ):
        self.text, self.theirs, self.merged, self.by = text, theirs, merged, by
        self.at = timezone.now()
        self.course = Course.objects.select_related("current").filter(identifier=text.id).first()
        self.state = basis_of(self.course)
        self.read_states()
        self.taken = self.take()
        self.new_drafts = self.merge(self.mine, self.taken)
        self.to_release = self.merge(self.released, self.taken)
        now, before, editions = self.to_release, self.released, self.editions()
        changed = {key[0] for key in {*now, *before} if not same_file(now.get(key), before.get(key))}
        self.note = note or (editions[-1].why if editions else "")
        if others := impacts.keys() - changed:
            raise ImportRefused(
                f"{', '.join(sorted(others))}: given an impact, but not changed by this import; nothing was written"
            )
        self.impacts = {key: each for key, each in impacts_of(editions).items() if key in changed} | impacts
        self.compiled = self.compile()
        self.report = self.reported()

    def lock_unchanged(self) -> Course | None:
        """Return the locked course, created if necessary; None if it has changed since."""
        course, _is_new = Course.objects.get_or_create(
            identifier=self.text.id, defaults={"source_language": self.text.languages[0]}
        )
        course = lock_course(course)
        return course if basis_of(course) == self.state else None

    def run(self, course: Course) -> ImportReport:
        if course.source_language != self.text.languages[0]:
            course.source_language = self.text.languages[0]
            course.save(update_fields=["source_language"])
        revisions = self.store(course)
        self.move_base()
        issued = None
        if self.compiled:
            issued = release(
                course, revisions.values(), self.compiled,
                impacts=self.impacts, note=self.note, by=self.by, at=self.at,
            )  # fmt: skip
        report = replace(self.report, course=course, release=issued)
        data = {"added": len(report.added), "changed": len(report.changed), "removed": len(report.removed)}
        record("content-imported", actor=self.by, subject=course, data=data, at=self.at)
        return report

    def editions(self) -> tuple[CourseChange, ...]:
        """Return the `changes` of the course document that its released version lacks; () if none is released or
        the document is unchanged since the last import.
        """
        key = (self.text.id, self.text.languages[0])
        before = self.released.get(key)
        if self.text.meta is None or before is None or key not in self.taken:
            return ()
        return self.text.meta.changes[len(changes_in(before)) :]

    def compile(self) -> Compiled | None:
        """Return None if nothing changes for learners."""
        if self.to_release == self.released:
            return None
        files = {file.path: file for file in self.to_release.values()}
        return compile_valid(files, self.readers(), self.text if self.to_release == self.theirs else None)

    def readers(self) -> Reviewers:
        """Return reviewers of unchanged texts. A text that changed, if only by the jurisdiction, needs a new review."""
        now, before = grouped(self.to_release), grouped(self.released)
        unchanged = [
            revision for key, revision in self.before.items() if now.get(self.ids[key]) == before[self.ids[key]]
        ]
        return reviewers_of(lasting_expert_reviews(self.course, unchanged)) if self.course else {}

    def by_key(self, revisions, files):
        return {
            (identifier, file.language): file
            for pk, identifier in self.ids.items()
            if pk in revisions
            for file in files[revisions[pk].pk].values()
        }

    def read_states(self) -> None:
        """Set `base` (last import), `mine` (latest revisions) and `released`, by id and language."""
        documents = (
            list(Document.objects.filter(course=self.course).select_related("latest_revision")) if self.course else []
        )
        self.documents = {document.identifier: document for document in documents}
        self.ids = {document.pk: document.identifier for document in documents}
        self.before = released_revisions(self.course) if self.course else {}
        latest = {document.pk: document.latest_revision for document in documents if document.latest_revision}
        files = files_of({*latest.values(), *self.before.values()})

        self.mine, self.released = (self.by_key(revisions, files) for revisions in (latest, self.before))
        rows = ImportedFile.objects.filter(document__in=documents).select_related("document")
        self.base = {(row.document.identifier, row.language): row for row in rows}
        for identifier, document in self.documents.items():
            kind = self.kind_of(identifier)
            if kind and document.kind != kind:
                raise ImportRefused(f"{identifier}: is a {document.kind}, and cannot become a {kind}")

    def kind_of(self, identifier: str) -> str:
        if identifier in self.text.documents:
            return self.text.source(identifier).kind
        return Document.Kind.MEDIA if (identifier, "") in self.theirs else ""

    def take(self) -> dict[Key, File | None]:
        """Return files that differ from the last import (None: removed). Raise `ImportConflict` and `ImportRefused`."""
        taken, conflicts = {}, set()
        for key in {*self.base, *self.theirs}:
            base, mine, theirs = self.base.get(key), self.mine.get(key), self.theirs.get(key)
            if same_file(base, theirs):
                continue
            if not same_text(base, theirs) and not same_text(mine, base) and not same_text(mine, theirs):
                conflicts.add((theirs or mine).path)
            taken[key] = theirs
        if without_conflict := self.merged - conflicts:
            raise ImportRefused(
                f"{', '.join(sorted(without_conflict))}: called merged, but in no conflict; nothing was written"
            )
        if unmerged := conflicts - self.merged:
            raise ImportConflict(unmerged)
        return taken

    def merge(self, state: Mapping[Key, File], taken: Mapping[Key, File | None]) -> dict[Key, File]:
        merged = dict(state)
        for key, theirs in taken.items():
            if theirs is None:
                merged.pop(key, None)
            elif key in state and same_text(self.base.get(key), theirs):
                # Only the path is new, so the text stays.
                merged[key] = File(theirs.language, theirs.path, state[key].body, state[key].digest)
            else:
                merged[key] = theirs
        return merged

    def reported(self) -> ImportReport:
        base, theirs = self.base, self.theirs
        return ImportReport(
            self.course,
            added=paths(theirs[key] for key in theirs.keys() - base.keys()),
            changed=paths(theirs[key] for key in theirs.keys() & base.keys() if not same_file(base[key], theirs[key])),
            removed=paths(base[key] for key in base.keys() - theirs.keys()),
            kept=paths(file for key, file in self.new_drafts.items() if not same_text(file, theirs.get(key))),
            weighed=self.impacts,
            merged=tuple(sorted(self.merged)),
            gone=tuple(sorted(released_questions(self.course) - self.questions(self.compiled)))
            if self.compiled
            else (),
        )

    def questions(self, compiled: Compiled) -> set[str]:
        kinds = {identifier: document.kind for identifier, document in self.documents.items()}
        return {
            question
            for (identifier, language), page in compiled.pages.items()
            if language == self.text.languages[0] and (kinds.get(identifier) or self.kind_of(identifier)) in ASKING
            for question in page["order"]
        }

    def rebase_drafts(self, drafts, now) -> dict[Document, Revision]:
        before = grouped(self.mine)
        moved = [one for one, files in drafts.items() if files != now.get(one) and files != before.get(one)]
        return add_revisions({self.documents[one]: drafts[one] for one in moved}, by=self.by, at=self.at)

    def store(self, course: Course) -> dict[int, Revision]:
        """Save new revisions and latest revisions; return primary key of a released document → its revision."""
        self.create_documents(course)
        now, then = grouped(self.to_release), grouped(self.released)
        changed = {self.documents[one]: files for one, files in now.items() if files != then.get(one)}
        made = add_revisions(changed, by=self.by, at=self.at, note=self.note)
        unchanged = {one: revision for one, revision in self.before.items() if self.ids[one] in now}
        current = unchanged | {document.pk: revision for document, revision in made.items()}

        drafts = grouped(self.new_drafts)
        rebased = self.rebase_drafts(drafts, now)
        moving = []
        for one, document in self.documents.items():
            latest = (
                current.get(document.pk)
                if drafts.get(one) == now.get(one)
                else rebased.get(document, document.latest_revision)
            )
            if latest != document.latest_revision:
                document.latest_revision = latest
                moving.append(document)
        Document.objects.bulk_update(moving, ["latest_revision"])
        return current

    def create_documents(self, course: Course) -> None:
        new = {identifier for identifier, _language in self.new_drafts} - self.documents.keys()
        made = Document.objects.bulk_create(
            Document(course=course, identifier=identifier, kind=self.kind_of(identifier)) for identifier in sorted(new)
        )
        self.documents |= {document.identifier: document for document in made}
        self.ids |= {document.pk: document.identifier for document in made}

    def move_base(self) -> None:
        ImportedFile.objects.filter(pk__in=[self.base[key].pk for key in self.taken if key in self.base]).delete()
        ImportedFile.objects.bulk_create(
            ImportedFile(document=self.documents[identifier], language=language, path=file.path, digest=file.digest)
            for (identifier, language), file in self.taken.items()
            if file
        )


def impacts_of(editions: Iterable[CourseChange]) -> dict[str, str]:
    """Return document id → impact; `retake` wins over `reread`."""
    editions = list(editions)
    reread = {key: Release.Impact.REREAD.value for edition in editions for key in edition.reread}
    return reread | {key: Release.Impact.RETAKE.value for edition in editions for key in edition.retake}


def changes_in(file: File) -> tuple[object, ...]:
    """Return `changes` from the front matter of a course document, as in the YAML, or (). Raise `Unreadable`."""
    return tuple(parse_front(decode(file.body)).values.get("changes", ()))


def same_text(one, other) -> bool:
    """Return whether two files (`File`, `ImportedFile` or None) have the same checksum, or both are None."""
    return (one and one.digest) == (other and other.digest)


def same_file(one, other) -> bool:
    """Return whether two files (`File`, `ImportedFile` or None) have the same checksum and path, or both are None."""
    return same_text(one, other) and (one and one.path) == (other and other.path)


def paths(files) -> tuple[str, ...]:
    return tuple(sorted(file.path for file in files))


def grouped(files: Mapping[Key, File]) -> dict[str, dict[str, File]]:
    """Return document id → language → file."""
    documents: dict[str, dict[str, File]] = {}
    for (identifier, language), file in files.items():
        documents.setdefault(identifier, {})[language] = file
    return documents
