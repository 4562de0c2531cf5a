"""The model of merged accounts."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

UNDONE_WITHIN = timedelta(days=1)


class AccountMergeQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(undone_at=None)


class AccountMerge(models.Model):
    """`other` is an alias of the account `kept`, unless the merge was undone."""

    kept = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("account to keep")
    )
    other = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("alias")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    was_active = models.BooleanField(help_text="Whether the other account could sign in before")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = AccountMergeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("merged account"), _("merged accounts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["other"], condition=models.Q(undone_at=None), name="a_name_of_one_person"),
            models.CheckConstraint(condition=~models.Q(kept=models.F("other")), name="nobody_is_merged_with_oneself"),
        ]

    def __str__(self):
        return f"{self.other} → {self.kept}"

    def may_be_undone_at(self, at):
        """Return whether the merge stands and was made at most UNDONE_WITHIN before `at` (aware datetime)."""
        return self.undone_at is None and at - self.made_at <= UNDONE_WITHIN


def merge_of(person):
    """Return the merge that makes the account `person` an alias, with `kept` loaded; None if there is none."""
    return AccountMerge.objects.in_force().filter(other=person).select_related("kept").first()


def surviving_accounts(people):
    """Return id → account it was merged into, for those of `people` (ids) that are aliases. Runs one query."""
    merges = AccountMerge.objects.in_force().filter(other__in=people).select_related("kept")
    return {merge.other_id: merge.kept for merge in merges}
