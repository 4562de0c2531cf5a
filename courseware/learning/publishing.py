"""Before a release: how many people each weight would touch. The verb that publishes is content's."""

from collections.abc import Sequence

from django.db.models import Count

from courseware.content.models import Document, Release
from courseware.learning.models import Completion


def touched_by(documents: Sequence[Document]) -> dict[str, int]:
    """Weight → how many people a release of these documents touches: those who have done one of them.

    A minor change touches nobody. Runs one query.
    """
    people = Completion.objects.filter(document__in=documents).aggregate(
        people=Count("enrollment__learner", distinct=True)
    )["people"]
    return {Release.Weight.MINOR: 0, Release.Weight.REREAD: people, Release.Weight.RETAKE: people}


def people_per_document(documents: Sequence[Document]) -> dict[int, int]:
    """Primary key of a document → how many people have done it; documents nobody has done are left out."""
    done = Completion.objects.filter(document__in=documents).values("document")
    return dict(done.annotate(people=Count("enrollment__learner", distinct=True)).values_list("document", "people"))
