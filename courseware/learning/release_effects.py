"""What a release means for learners: before it, how many each weight would touch; after it, what changed for one."""

from collections.abc import Sequence

from django.db.models import Count

from courseware.content.compiled.serving import PageData
from courseware.content.models import ASKS_TO_REREAD, Document, Release, ReleaseEntry
from courseware.learning.models import Completion, Enrollment
from courseware.lib.kept_query import KeptQuery

COMPLETIONS = KeptQuery(
    lambda enrollment, document: Completion.objects.filter(enrollment=enrollment, document=document).order_by("pk")
)


def changes_since_done(enrollment: Enrollment, page: PageData) -> list[Release]:
    """Releases that were more than minor and changed the document since its completion, newest first.

    Derived from the revision of the completion. Runs up to two queries.
    """
    completions = COMPLETIONS(enrollment=enrollment.pk, document=page.document_id)  # one at most
    if not completions or completions[0].revision_id == page.revision_id:
        return []
    [done] = completions
    entries = ReleaseEntry.objects.filter(
        document=page.document_id, release__created_at__gt=done.completed_at, release__course=enrollment.course_id
    ).select_related("release")
    changes: list[Release] = []
    revision = done.revision_id
    for entry in entries.defer("release__outlines").order_by("release__number"):
        if entry.revision_id != revision and entry.weight in ASKS_TO_REREAD:
            changes.insert(0, entry.release)
        revision = entry.revision_id
    return changes


def touched_by(documents: Sequence[Document]) -> int:
    """How many people have done any of these documents. Runs one query."""
    done = Completion.objects.filter(document__in=documents)
    return done.aggregate(people=Count("enrollment__learner", distinct=True))["people"]


def people_per_document(documents: Sequence[Document]) -> dict[int, int]:
    """Primary key of a document → number of people who have done it, if any."""
    done = Completion.objects.filter(document__in=documents).values("document")
    return dict(done.annotate(people=Count("enrollment__learner", distinct=True)).values_list("document", "people"))
