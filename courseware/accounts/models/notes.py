"""The model of notes about a person, visible to the person and to all who may see the person's record."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from courseware.accounts.models.merges import AccountMerge
from courseware.lib.text.names import MultilineNameField

TAKEN_BACK_WITHIN = timedelta(days=1)
LONGEST_NOTE = 500  # characters


class NoteQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(undone_at=None)

    def about(self, person):
        """Return the notes, not withdrawn, about the person and the person's aliases, newest first. Runs one query."""
        names = AccountMerge.objects.in_force().filter(kept=person).values("other")
        found = self.in_force().filter(models.Q(person=person) | models.Q(person__in=names))
        return found.select_related("by").order_by("-pk")


class Note(models.Model):
    """A note, which is never edited. Notes saved by one submission of a form have the same id `act`."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = MultilineNameField(max_length=LONGEST_NOTE)
    written_at = models.DateTimeField(default=timezone.now)
    act = models.UUIDField(help_text="Of the form it came from: the same form sent twice notes nothing twice")
    undone_at = models.DateTimeField(null=True)

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["act", "person"], name="an_act_notes_once_about_a_person")]

    def __str__(self):
        return f"{self.person} · {self.written_at:%Y-%m-%d}"

    def may_be_withdrawn_by(self, user, at=None):
        """Return whether `user` wrote the note and it can still be withdrawn at `at` (default: now)."""
        at = at or timezone.now()
        return self.by_id == user.pk and self.undone_at is None and at - self.written_at <= TAKEN_BACK_WITHIN
