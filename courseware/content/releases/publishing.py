"""Publishing: make a numbered, immutable release, compiled as a whole. Also lists the drafts to publish."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from courseware.audit_log.record import record
from courseware.content.models import (
    ASKS_TO_REREAD,
    Course,
    Document,
    ExpertReview,
    Release,
    ReleaseEntry,
    ReleaseProposal,
    RenderedPage,
    Revision,
    SourceFile,
)
from courseware.content.releases.differences import Change, changes
from courseware.content.releases.revisions import File, by_path, files_of
from courseware.content.rendering.compiler import COMPILER, Compiled, compile_course, compile_release
from courseware.content.rendering.expert_reviews import Reviewers, reviewers_of
from courseware.content.rendering.paragraphs import paragraphs_on
from courseware.course_format.checks import check_course
from courseware.course_format.course import CourseText, read_course
from courseware.course_format.diagnostics import Diagnostic
from courseware.course_format.parsing.frontmatter import decode
from courseware.course_format.parsing.parser import inserts_in


class ContentErrors(Exception):
    """The course would have errors. `problems` are sorted by path and line."""

    def __init__(self, problems: Iterable[Diagnostic]):
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class StaleChoice(Exception):
    """A chosen revision is no longer the latest of its document; or it is not released, or needs no expert review."""


class ProposalVoid(Exception):
    """A proposal was declined or released, or something it covers has changed since."""


class PassMarkTooLow(Exception):
    """The pass mark of an exam is below `MIN_PASS_MARK`."""

    def __init__(self, exam: str, mark: int, floor: int):
        self.exam, self.mark, self.floor = exam, mark, floor
        super().__init__(f"{exam}: pass mark {mark}; this site accepts {floor} or more (MIN_PASS_MARK)")


@dataclass(frozen=True)
class Draft:
    """A document whose latest revision is not released. `released`: the revision that learners see, if any."""

    document: Document
    revision: Revision
    released: Revision | None
    changes: dict[str, list[Change]]  # path → differences from the released text


def read_valid(bodies: dict[str, bytes]) -> CourseText:
    """Parse a course (path → content). Raise `ContentErrors` for errors, except those inside figures."""
    course = read_course(bodies)
    errors = [problem for problem in check_course(course) if problem.level == "error"]
    if errors:
        raise ContentErrors(errors)
    return course


def publish(
    course: Course,
    revisions: Iterable[Revision],
    *,
    impact: str = Release.Impact.MINOR,
    impacts: Mapping[str, str] | None = None,
    note: str,
    by,
    at=None,
    proposal=None,
) -> Release:
    """Release `revisions` with the released revisions of all other documents; return the release. Needs no approval.

    `impacts`: document id → impact of its change, else `impact`. If all `revisions` are released, return the current
    release. Raise `ContentErrors`, `PassMarkTooLow`, `StaleChoice`, `ProposalVoid`; `ValueError` for another course.
    """
    chosen = {revision.document_id: revision for revision in revisions}
    if Document.objects.filter(pk__in=chosen).exclude(course=course).exists():
        raise ValueError(f"revisions of another course than {course}")
    while True:  # again if another person has released meanwhile, as compiling holds no lock
        course = Course.objects.select_related("current").get(pk=course.pk)
        released = released_revisions(course)
        if course.current and all(released.get(pk) == revision for pk, revision in chosen.items()):
            return course.current
        refuse_stale(course, chosen)
        together = [*(released | chosen).values()]
        compiled = compile_valid(
            by_path(files_of(together).values()), reviewers_of(lasting_expert_reviews(course, together))
        )
        with transaction.atomic():
            locked = lock_course(course)
            if locked.current_id == course.current_id:
                refuse_stale(locked, chosen)
                own = {revision.document.identifier: impact for revision in chosen.values()} | dict(impacts or {})
                return release(locked, together, compiled, impacts=own, note=note, by=by, at=at, proposal=proposal)


def refuse_stale(course: Course, chosen: Mapping[int, Revision]) -> None:
    """Raise `StaleChoice` if a revision is not the latest of its document. `chosen`: document key → revision."""
    if course.documents.filter(latest_revision__in=chosen.values()).count() != len(chosen):
        raise StaleChoice(f"{course}: chosen revisions are no longer the newest")


def lock_course(course: Course) -> Course:
    """Return the course as stored now, its row locked until the transaction ends."""
    return Course.objects.select_for_update(of=("self",), no_key=True).select_related("current").get(pk=course.pk)


def released_revisions(course: Course) -> dict[int, Revision]:
    """Return primary key of a document → its revision in `course.current`; {} without one. Runs one query."""
    entries = ReleaseEntry.objects.filter(release=course.current_id).select_related("revision__document")
    return {entry.document_id: entry.revision for entry in entries}


def expert_reviews_of(revisions: Iterable[Revision]) -> QuerySet[ExpertReview]:
    """Return the reviews of these revisions that were not withdrawn, with their document loaded."""
    valid = ExpertReview.objects.filter(revision__in=list(revisions), undone_at=None)
    return valid.select_related("revision__document")


def lasting_expert_reviews(course: Course, revisions: Iterable[Revision]) -> list[ExpertReview]:
    """Return the valid reviews of these revisions that stay valid if they are released. If their jurisdiction files
    differ from those of the current release, reviews of texts with inserts `{=id}` are left out.
    """
    revisions = list(revisions)
    reviews = list(expert_reviews_of(revisions))
    if not reviews or jurisdictions_among(revisions) == jurisdictions_among(released_revisions(course).values()):
        return reviews
    return [each for each, takes in zip(reviews, have_inserts(reviews), strict=True) if not takes]


def jurisdictions_among(revisions: Iterable[Revision]) -> list[int]:
    """Return primary keys of those revisions that are of a jurisdiction file, in their order."""
    return [each.pk for each in revisions if each.document.kind == Document.Kind.JURISDICTION]


def have_inserts(reviews: Iterable[ExpertReview]) -> list[bool]:
    """Return for each review whether its text has inserts. Runs one query."""
    keys = [each.revision_id for each in reviews]
    files = files_of(keys)
    return [any(inserts_in(decode(file.body)) for file in files[key].values()) for key in keys]


def compile_valid(files: Mapping[str, File], readers: Reviewers, text: CourseText | None = None) -> Compiled:
    """Compile files (path → file). `readers`: see `compile_course`. `text`: the same files, parsed and known to be
    valid; without it, raise `ContentErrors` for errors.
    """
    bodies = {path: file.body for path, file in files.items()}
    digests = {path: file.digest for path, file in files.items()}
    return compile_course(text or read_valid(bodies), bodies, digests, readers)


def withdraw_lapsed(revisions, lasting, *, by, at) -> None:
    """Withdraw the valid reviews of `revisions` that are not in `lasting` (reviews)."""
    for lapsed in expert_reviews_of(revisions).exclude(pk__in=[each.pk for each in lasting]):
        withdraw_review(lapsed, by=by, at=at)


def release(
    course: Course,
    revisions: Iterable[Revision],
    compiled: Compiled,
    *,
    impacts: Mapping[str, str],
    note: str,
    by,
    at=None,
    proposal: ReleaseProposal | None = None,
) -> Release:
    """Make and return the next release of a locked course. `compiled`: the compiled texts of `revisions`, which are
    one of each document, changed or not. `impacts`: id of a changed document → impact; missing: minor. Reviews that do
    not last (see `lasting_expert_reviews`) are withdrawn. Raise `PassMarkTooLow`, and `ProposalVoid` if `proposal` was
    declined or the current release is not its `base`.
    """
    revisions = list(revisions)
    at, marks = at or timezone.now(), pass_marks(compiled)
    if (
        proposal
        and not ReleaseProposal.objects.filter(pk=proposal.pk, declined_at=None, base=course.current_id).exists()
    ):
        raise ProposalVoid(proposal)
    last = course.releases.order_by("-number").first()
    weighed = impacts_of_changes(course, revisions, impacts)
    new_release = Release.objects.create(
        course=course,
        number=last.number + 1 if last else 1,
        impact=largest_impact(weighed.values()),
        note=note,
        created_at=at,
        created_by=by,
        digest=digest_of_texts(SourceFile.objects.filter(revision__in=revisions)),
        compiler=COMPILER,
        outlines=compiled.outlines,
        proposal=proposal,
    )
    reviews = {each.revision_id: each for each in lasting_expert_reviews(course, revisions)}
    withdraw_lapsed(revisions, reviews.values(), by=by, at=at)
    ReleaseEntry.objects.bulk_create(
        ReleaseEntry(
            release=new_release,
            document_id=each.document_id,
            revision=each,
            impact=weighed.get(each.document.identifier, ""),
            reading=reviews.get(each.pk),
        )
        for each in revisions
    )
    store_pages(new_release, compiled)
    course.current = new_release
    course.save(update_fields=["current"])
    data = {"number": new_release.number, "impact": new_release.impact, "digest": new_release.digest}
    data |= {"pass_marks": marks, "impacts": {key: each for key, each in weighed.items() if each in ASKS_TO_REREAD}}
    if proposal:
        data |= {"proposal": proposal.pk, "alone": proposal.proposed_by == by}
    record("content-released", actor=by, subject=new_release, data=data, at=at)
    return new_release


def withdraw_review(review: ExpertReview, *, by, at: datetime) -> None:
    """Store and log that the user `by` withdrew a review, without a release."""
    review.undone_at, review.undone_by = at, by
    review.save(update_fields=["undone_at", "undone_by"])
    record_expert_review("expert-review-withdrawn", review, by=by, at=at)


def record_expert_review(verb: str, review: ExpertReview, *, by, at: datetime) -> None:
    """Log a review under `verb`, the name of the event. `by`: user."""
    revision = review.revision
    data = {
        "reading": review.pk,
        "document": revision.document.identifier,
        "revision": revision.pk,
        "digest": digest_of_texts(SourceFile.objects.filter(revision=revision)),
        "on": review.read_on.isoformat(),
    }
    record(verb, actor=by, subject=revision.document.course, data=data, at=at)


def impacts_of_changes(course: Course, revisions: Iterable[Revision], impacts: Mapping[str, str]) -> dict[str, str]:
    """Return id of each changed document → impact. `impacts`: document id → impact; missing: minor. Runs one query."""
    released = released_revisions(course)
    changed = (each.document for each in revisions if released.get(each.document_id) != each)
    return {
        document.identifier: impacts.get(document.identifier, Release.Impact.MINOR)
        for document in sorted(changed, key=str)
    }


def largest_impact(impacts: Iterable[str]) -> str:
    """Return the largest of these impacts (values of `Release.Impact`); minor if there is none."""
    return max(impacts, key=Release.Impact.values.index, default=Release.Impact.MINOR)


def pass_marks(compiled: Compiled) -> dict[str, int]:
    """Return exam id → pass mark in percent. Raise `PassMarkTooLow` if one is below MIN_PASS_MARK."""
    pages = {identifier: data for (identifier, _language), data in compiled.pages.items()}
    marks = {identifier: data["pass_mark"] for identifier, data in sorted(pages.items()) if data.get("pass_mark")}
    for exam, mark in marks.items():
        if mark < settings.MIN_PASS_MARK:
            raise PassMarkTooLow(exam, mark, settings.MIN_PASS_MARK)
    return marks


def store_pages(release: Release, compiled: Compiled) -> None:
    """Store the pages of a release whose entries exist; reuse equal pages of earlier releases."""
    entries = {entry.document.identifier: entry for entry in release.entries.select_related("document")}
    known = {
        (page.document_id, page.language, page.digest): page
        for page in RenderedPage.objects.filter(document__in=[entry.document_id for entry in entries.values()]).defer(
            "data", "paragraphs"
        )
    }
    new_pages, pages_of_entries = [], []
    for (identifier, language), data in compiled.pages.items():
        entry = entries[identifier]
        digest = hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        page = known.get((entry.document_id, language, digest))
        if page is None:  # else an earlier release compiled to the same page
            paragraphs = paragraphs_on(entry.document.kind, data)
            page = RenderedPage(
                document_id=entry.document_id, language=language, digest=digest, data=data, paragraphs=paragraphs
            )
            new_pages.append(page)
        pages_of_entries.append((entry, page))
    RenderedPage.objects.bulk_create(new_pages)
    through = ReleaseEntry.pages.through
    through.objects.filter(releaseentry__release=release).delete()
    through.objects.bulk_create(through(releaseentry=entry, renderedpage=page) for entry, page in pages_of_entries)


def recompile(release: Release) -> None:
    """Compile a release again if another compiler version made it. Its checksum stays the same."""
    if Release.objects.filter(pk=release.pk, compiler=COMPILER).exists():
        return
    compiled = compile_release(release.pk)
    with transaction.atomic():
        release = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
        if release.compiler != COMPILER:
            release.compiler, release.outlines = COMPILER, compiled.outlines
            release.save(update_fields=["compiler", "outlines"])
            store_pages(release, compiled)


def digest_of(release: Release) -> str:
    """Compute the checksum of a release from its files; it should equal `release.digest`. Runs one query."""
    return digest_of_texts(SourceFile.objects.filter(revision__entries__release=release))


def digest_of_texts(texts) -> str:
    """Return a sha256 over id, language, path and checksum of each file. `texts`: queryset of `SourceFile`."""
    rows = texts.values_list("revision__document__identifier", "language", "path", "digest")
    return hashlib.sha256(json.dumps(sorted(map(list, rows)), ensure_ascii=False).encode()).hexdigest()


def drafts(course: Course) -> list[Draft]:
    """Return the drafts of a course, sorted by document id. Runs three queries."""
    released = released_revisions(course)
    waiting = [
        (document, document.latest_revision)
        for document in course.documents.select_related("latest_revision__created_by").order_by("identifier")
        if document.latest_revision and document.latest_revision != released.get(document.pk)
    ]
    files = files_of([latest for _document, latest in waiting] + [*released.values()])
    found = []
    for document, latest in waiting:
        before = released.get(document.pk)
        old, new = files.get(before.pk, {}) if before else {}, files[latest.pk]
        differing = {file.path: changes(old.get(language), file) for language, file in sorted(new.items())}
        found.append(Draft(document, latest, before, {path: rows for path, rows in differing.items() if rows}))
    return found
