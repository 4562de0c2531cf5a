"""Model of phrases that learners have saved, and queries for them."""

from django.db import models

from courseware.content.models import Document, Revision
from courseware.lib.db.compiled_query import CompiledQuery


class SavedPhraseQuerySet(models.QuerySet):
    def here(self):
        """Return phrases that are not removed."""
        return self.filter(removed_at=None)

    def of_person(self, learner):
        """Return phrases saved in any enrollment of the learner (id), so that they survive a renewal and a merge."""
        return self.filter(enrollment__learner=learner)


class SavedPhrase(models.Model):
    """A saved phrase. Its text is that of the current lesson, else of `revision`: see `saved_phrase_list`."""

    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.CASCADE, related_name="saved_phrases")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    phrase = models.CharField(max_length=200, help_text="Its key: see `content.rendering.phrases`")
    saved_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, help_text="Null: it is saved")

    objects = SavedPhraseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["enrollment", "document", "phrase"], name="a_phrase_kept_once")]

    def __str__(self):
        return f"{self.phrase} ({self.enrollment})"


PHRASES_OF_LEARNER = CompiledQuery(
    lambda learner: SavedPhrase.objects.here().of_person(learner).select_related("document").order_by("pk")
)
PHRASES_OF_COURSE = CompiledQuery(
    lambda learner, course: (
        SavedPhrase.objects.here()
        .of_person(learner)
        .filter(enrollment__course=course)
        .order_by()
        .values_list("document", "phrase")
        .distinct()
    )
)
PHRASES_OF_LESSON = CompiledQuery(
    lambda learner, document: (
        SavedPhrase.objects.here().of_person(learner).filter(document=document).values_list("phrase", flat=True)
    )
)
