"""Newest runs, certified days and headcounts, updated whenever enrollments are written."""

from django.db import models, transaction

from courseware.accounts.models import AccountMerge
from courseware.accounts.teams.membership_locks import change_teams_of, lock_teams_of
from courseware.learning.status import certification_status
from courseware.learning.status.headcounts import HeadcountMove, count


class MergedEnrollmentQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(merge__undone_at=None)


class MergedEnrollment(models.Model):
    """A run that a merge touched. It began in `merge.other` if it was brought."""

    merge = models.ForeignKey(AccountMerge, on_delete=models.PROTECT, related_name="runs")
    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.CASCADE, related_name="merged_enrollments")
    is_transferred = models.BooleanField(help_text="It was begun in the other account")
    is_closed = models.BooleanField(help_text="It was open, and another run of the person stands for it")
    is_superseded = models.BooleanField(help_text="It is no newest run, though it was begun after the one that is")

    objects = MergedEnrollmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["merge", "enrollment"], name="a_run_once_in_a_merge")]

    def __str__(self):
        return f"{self.enrollment} · {self.merge}"


def aside():
    """Keys of runs that are not the newest though begun last. A subquery."""
    return MergedEnrollment.objects.standing().filter(is_superseded=True).values("enrollment")


def stands_for_another():
    """Whether a run also stands for one of the other account that a merge has closed. For querysets of runs."""
    closed = MergedEnrollment.objects.standing().filter(
        is_closed=True, merge__made_at__gte=models.OuterRef("enrolled_at")
    )
    same = {"enrollment__learner": models.OuterRef("learner"), "enrollment__course": models.OuterRef("course")}
    return models.Exists(closed.filter(**same).exclude(enrollment=models.OuterRef("pk")))


class NewestEnrollments(models.QuerySet):
    def bulk_create(self, objs, *args, **kwargs):
        with transaction.atomic():
            objs = list(objs)
            lock_teams_of({each.learner_id for each in objs})  # see `hold_beginners`
            certification_status.mark(objs)
            new = super().bulk_create(objs, *args, **kwargs)
            count(HeadcountMove(each.learner_id, None, each.place) for each in new)
        return new

    def write_many(self, enrollments, columns):
        """Like `save` of each with `columns`; as many statements for one as for a hundred."""
        with transaction.atomic():
            before = {each.pk: each for each in self.filter(pk__in=[each.pk for each in enrollments])}
            for each in enrollments:
                each.certified_until = before[each.pk].certified_until
            self.bulk_update(enrollments, columns)
            count(HeadcountMove(each.learner_id, before[each.pk].place, each.place) for each in enrollments)

    def remove_many(self, enrollments):
        """Delete runs in which nothing was done; the run before each is the newest again."""
        pairs = {(each.learner_id, each.course_id) for each in enrollments}
        with transaction.atomic():
            runs = self.filter(pk__in=[each.pk for each in enrollments])
            moved = [HeadcountMove(each.learner_id, each.place, None) for each in runs]
            runs.delete()
            left = self.filter(learner__in={pair[0] for pair in pairs}, course__in={pair[1] for pair in pairs})
            left = left.alias(is_superseded=models.Exists(aside().filter(enrollment=models.OuterRef("pk"))))
            newest = {(each.learner_id, each.course_id): each for each in left.order_by("-is_superseded", "pk")}
            again = [each for pair, each in newest.items() if pair in pairs]
            for each in again:
                each.is_newest, each.certified_until = True, None
            certification_status.mark(again)
            self.bulk_update(again, ["is_newest", "certified_until"])
            for each in again:
                moved.append(HeadcountMove(each.learner_id, None, each.place))
            count(moved)

    def newest(self):
        return self.filter(is_newest=True)

    def hold_newest(self, pairs):
        """Lock the newest runs of (person, course) pairs until the transaction ends, and return them."""
        people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
        runs = self.newest().filter(learner__in=people, course__in=courses).order_by("pk")
        return [run for run in runs.select_for_update(no_key=True) if (run.learner_id, run.course_id) in pairs]

    def hold_all_beside(self, enrollment):
        """Lock all runs of the learner in the course by key, as a merge does."""
        learner = self.filter(pk=enrollment.pk).values("learner")
        runs = self.filter(learner__in=learner, course=enrollment.course_id).order_by("pk")
        list(runs.select_for_update(of=("self",), no_key=True).only("pk"))

    def hold_beginners(self, pairs):
        """Make first runs of these pairs, which have no row to lock, wait until the transaction ends.

        Call it before runs are locked.
        """
        people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
        runs = self.newest().filter(learner__in=people, course__in=courses)
        change_teams_of({person for person, _course in pairs.difference(runs.values_list("learner", "course"))})

    def store_certified(self, pairs):
        """Update `certified_until` of these pairs. Call it in the transaction of the change, with their runs locked."""
        runs = self.hold_newest(pairs)
        before = {run.pk: run.place for run in runs}
        for run in runs:
            run.certified_until = None
        certification_status.mark(runs)
        changed = [run for run in runs if run.place != before[run.pk]]
        self.bulk_update(changed, ["certified_until"])
        count(HeadcountMove(run.learner_id, before[run.pk], run.place) for run in changed)
