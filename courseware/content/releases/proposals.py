"""Proposals of exam changes: one person proposes them, another releases them (a single editor does both)."""

from collections.abc import Iterable, Mapping

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.utils import timezone

from courseware.audit_log.record import record
from courseware.content.models import Course, Release, ReleaseProposal, Revision
from courseware.content.releases.publishing import (
    ProposalVoid,
    largest_impact,
    lock_course,
    publish,
    read_valid,
    refuse_stale,
    released_revisions,
)
from courseware.content.releases.revisions import by_path, files_of


class OwnProposal(Exception):
    """Another person may publish, so this person must not release their own proposal."""


def others_who_may_publish(person):
    """Return a queryset of active staff who may publish, without `person`."""
    may = ModelBackend().with_perm("content.add_release", is_active=True).filter(is_staff=True)
    return get_user_model().objects.filter(pk__in=may).exclude(pk=person.pk)


def propose(
    course: Course, revisions: Iterable[Revision], *, impacts: Mapping[str, str], note: str, by, at=None
) -> ReleaseProposal:
    """Return a proposal to release `revisions`, new unless `by` has an equal open one. `impacts`: document id → impact.
    Raise `ContentErrors`, and `StaleChoice` if a revision is not the latest of its document in this course.
    """
    chosen = {revision.document_id: revision for revision in revisions}
    together = (released_revisions(course) | chosen).values()
    read_valid({path: file.body for path, file in by_path(files_of(together).values()).items()})
    with transaction.atomic():
        course = lock_course(course)
        refuse_stale(course, chosen)
        for proposal in open_proposals(course):
            if (proposal.proposed_by, proposal.impacts, proposal.note) == (by, impacts, note) and set(
                proposal.revisions.all()
            ) == set(chosen.values()):
                return proposal
        proposal = ReleaseProposal.objects.create(
            course=course,
            base=course.current,
            impact=largest_impact(impacts.values()),
            impacts=dict(impacts),
            note=note,
            proposed_by=by,
            proposed_at=at or timezone.now(),
        )
        proposal.revisions.set(chosen.values())
        data = {"course": course.pk, "impact": proposal.impact, "impacts": proposal.impacts}
        data["revisions"] = sorted(each.pk for each in chosen.values())
        record("release-proposed", actor=by, subject=proposal, data=data, at=at)
    return proposal


def open_proposals(course: Course) -> list[ReleaseProposal]:
    """Return proposals of a course that are not released, declined or void. Runs at most three queries."""
    waiting = ReleaseProposal.objects.filter(course=course, base=course.current_id, declined_at=None, release=None)
    waiting = waiting.select_related("proposed_by").prefetch_related("revisions__document")
    return [
        proposal
        for proposal in waiting
        if all(revision.document.latest_revision_id == revision.pk for revision in proposal.revisions.all())
    ]


def release_proposed(proposal: ReleaseProposal, *, by, at=None) -> Release:
    """Release a proposal; return its release, also an earlier one. Raise `OwnProposal` and exceptions of `publish`."""
    if made := Release.objects.filter(proposal=proposal).first():
        return made
    if proposal.proposed_by == by and others_who_may_publish(by).exists():
        raise OwnProposal(proposal)
    course = Course.objects.select_related("current").get(pk=proposal.course_id)
    if proposal not in open_proposals(course):
        raise ProposalVoid(proposal)
    revisions = list(proposal.revisions.all())
    return publish(course, revisions, impacts=proposal.impacts, note=proposal.note, by=by, at=at, proposal=proposal)


@transaction.atomic
def decline(proposal: ReleaseProposal, *, by, at=None) -> None:
    """Mark a proposal as declined; do nothing if it was declined before. Raise `ProposalVoid` if it was released."""
    lock_course(proposal.course)
    proposal = ReleaseProposal.objects.get(pk=proposal.pk)
    if Release.objects.filter(proposal=proposal).exists():
        raise ProposalVoid(proposal)
    if proposal.declined_at is None:
        proposal.declined_at, proposal.declined_by = at or timezone.now(), by
        proposal.save(update_fields=["declined_at", "declined_by"])
        record("release-declined", actor=by, subject=proposal, at=at)
