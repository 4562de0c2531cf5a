"""What a release would mean for learners: how many people have done what it changes."""

from collections.abc import Sequence

from django.db.models import Count

from courseware.content.models import Document
from courseware.learning.models import Completion


def touched_by(documents: Sequence[Document]) -> int:
    """How many people have done any of these documents. Runs one query."""
    done = Completion.objects.filter(document__in=documents)
    return done.aggregate(people=Count("enrollment__learner", distinct=True))["people"]


def people_per_document(documents: Sequence[Document]) -> dict[int, int]:
    """Primary key of a lesson → number of people who have done it, if any. Of anything else a change asks nobody."""
    done = Completion.objects.filter(document__in=documents, document__kind=Document.Kind.LESSON).values("document")
    return dict(done.annotate(people=Count("enrollment__learner", distinct=True)).values_list("document", "people"))
