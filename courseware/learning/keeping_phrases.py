"""Keeping a phrase, and taking it away again."""

from django.db import transaction
from django.utils import timezone

from courseware.content.compiled.serving import PageData
from courseware.learning.kept_phrases import KEPT_OF_LESSON, KeptPhrase, KeptPhraseQuerySet
from courseware.learning.models import Enrollment


class NoSuchPhrase(Exception):
    """The lesson has none with this key, or no longer."""


@transaction.atomic
def keep_phrase(enrollment: Enrollment, page: PageData, phrase: str) -> None:
    """Harmless when repeated. Raises NoSuchPhrase."""
    if phrase not in page.phrases:
        raise NoSuchPhrase(phrase)
    if phrase in KEPT_OF_LESSON(learner=enrollment.learner_id, document=page.document_id):
        return  # in an earlier run, perhaps
    now = {"revision_id": page.revision_id, "kept_at": timezone.now(), "taken_away_at": None}
    KeptPhrase.objects.update_or_create(
        enrollment=enrollment, document_id=page.document_id, phrase=phrase, defaults=now
    )


def take_phrase_away(enrollment: Enrollment, page: PageData, phrase: str) -> None:
    """In whichever runs it was kept. Raises NoSuchPhrase."""
    if phrase not in page.phrases:
        raise NoSuchPhrase(phrase)
    alike(enrollment.learner_id, page.document_id, phrase).update(taken_away_at=timezone.now())


def take_row_away(row: KeptPhrase) -> None:
    """Also one that the course has no more."""
    learner = row.enrollment.learner_id
    alike(learner, row.document_id, row.phrase).update(taken_away_at=timezone.now())


def put_row_back(row: KeptPhrase) -> None:
    KeptPhrase.objects.filter(pk=row.pk).update(taken_away_at=None)


def alike(learner: int, document: int, phrase: str) -> KeptPhraseQuerySet:
    return KeptPhrase.objects.here().of_person(learner).filter(document=document, phrase=phrase)
