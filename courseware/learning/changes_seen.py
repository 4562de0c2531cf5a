"""That somebody who had done a lesson has seen what changed in it since: see `learning.changed_lessons`."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from courseware.content.models import Document, Release, Revision


class ChangeSeen(models.Model):
    """A changed lesson was read again, or its check answered again on the new text. It is never taken back.

    `release` is the one it answers: the last that changed the lesson by more than a minor change; `revision` is what
    was read.
    """

    class Outcome(models.TextChoices):
        READ = "read", _("read again")
        CHECKED = "checked", _("check answered on the new text")

    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.PROTECT, related_name="changes_seen")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "document", "release"], name="a_change_is_seen_once")
        ]

    def __str__(self):
        return f"{self.document} ({self.enrollment})"
