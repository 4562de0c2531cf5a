from django.db import models
from django.utils.translation import gettext_lazy as _

from courseware.content.models import Document, Release, Revision


class ChangeSeen(models.Model):
    """A changed lesson was read, or its check answered, again. `release` is the last weighty change that this settles,
    `revision` the text read.
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
