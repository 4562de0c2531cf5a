from django.db import models

from courseware.accounts.merges import Merge


class MergedRunQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(merge__undone_at=None)


class MergedRun(models.Model):
    """A run that a merge touched. It began in `merge.other` if it was brought."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="runs")
    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.CASCADE, related_name="merged_runs")
    is_brought = models.BooleanField(help_text="It was begun in the other account")
    is_closed = models.BooleanField(help_text="It was open, and another run of the person stands for it")
    is_aside = models.BooleanField(help_text="It is no newest run, though it was begun after the one that is")

    objects = MergedRunQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["merge", "enrollment"], name="a_run_once_in_a_merge")]

    def __str__(self):
        return f"{self.enrollment} · {self.merge}"


def aside():
    """Keys of runs that are not the newest though begun last. A subquery."""
    return MergedRun.objects.standing().filter(is_aside=True).values("enrollment")


def stands_for_another():
    """Whether a run also stands for one of the other account that a merge has closed. For querysets of runs."""
    closed = MergedRun.objects.standing().filter(is_closed=True, merge__made_at__gte=models.OuterRef("enrolled_at"))
    same = {"enrollment__learner": models.OuterRef("learner"), "enrollment__course": models.OuterRef("course")}
    return models.Exists(closed.filter(**same).exclude(enrollment=models.OuterRef("pk")))
