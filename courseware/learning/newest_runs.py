"""Newest runs, certified days and headcounts, updated whenever enrollments are written."""

from django.db import models, transaction

from courseware.accounts.whereabouts import change_teams_of, keep_teams_of
from courseware.learning import validity
from courseware.learning.headcounts import Relocation, count
from courseware.learning.merged_runs import aside


class RunsKept(models.QuerySet):
    """Writes many enrollments, and what depends on them."""

    def bulk_create(self, objs, *args, **kwargs):
        with transaction.atomic():
            objs = list(objs)
            keep_teams_of({each.learner_id for each in objs})  # see `hold_beginners`
            validity.mark(objs)
            new = super().bulk_create(objs, *args, **kwargs)
            count(Relocation(each.learner_id, None, each.place) for each in new)
        return new

    def write_many(self, enrollments, columns):
        """Like `save` of each with `columns`; as many statements for one as for a hundred."""
        with transaction.atomic():
            before = {each.pk: each for each in self.filter(pk__in=[each.pk for each in enrollments])}
            for each in enrollments:
                each.certified_until = before[each.pk].certified_until
            self.bulk_update(enrollments, columns)
            count(Relocation(each.learner_id, before[each.pk].place, each.place) for each in enrollments)

    def remove_many(self, enrollments):
        """Delete runs in which nothing was done; the run before each is the newest again. A constant number of
        statements.
        """
        pairs = {(each.learner_id, each.course_id) for each in enrollments}
        with transaction.atomic():
            runs = self.filter(pk__in=[each.pk for each in enrollments])
            moved = [Relocation(each.learner_id, each.place, None) for each in runs]
            runs.delete()
            left = self.filter(learner__in={pair[0] for pair in pairs}, course__in={pair[1] for pair in pairs})
            left = left.alias(is_aside=models.Exists(aside().filter(enrollment=models.OuterRef("pk"))))
            newest = {(each.learner_id, each.course_id): each for each in left.order_by("-is_aside", "pk")}
            again = [each for pair, each in newest.items() if pair in pairs]
            for each in again:
                each.is_newest, each.certified_until = True, None
            validity.mark(again)
            self.bulk_update(again, ["is_newest", "certified_until"])
            for each in again:
                moved.append(Relocation(each.learner_id, None, each.place))
            count(moved)

    def newest(self):
        return self.filter(is_newest=True)

    def hold_newest(self, pairs):
        """Lock and return the newest runs of (person, course) pairs."""
        people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
        runs = self.newest().filter(learner__in=people, course__in=courses).order_by("pk")
        return [run for run in runs.select_for_update(no_key=True) if (run.learner_id, run.course_id) in pairs]

    def hold_all_beside(self, enrollment):
        """Lock all runs of the learner in the course by key, as a merge does."""
        learner = self.filter(pk=enrollment.pk).values("learner")
        runs = self.filter(learner__in=learner, course=enrollment.course_id).order_by("pk")
        list(runs.select_for_update(of=("self",), no_key=True).only("pk"))

    def hold_beginners(self, pairs):
        """Make first runs of these pairs wait until the transaction ends: they have no row to lock. Call it before runs
        are locked.
        """
        people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
        runs = self.newest().filter(learner__in=people, course__in=courses)
        change_teams_of({person for person, _course in pairs.difference(runs.values_list("learner", "course"))})

    def keep_certified(self, pairs):
        """Update `certified_until` of these pairs. Call it in the transaction of the change, with their runs locked."""
        runs = self.hold_newest(pairs)
        before = {run.pk: run.place for run in runs}
        for run in runs:
            run.certified_until = None
        validity.mark(runs)
        changed = [run for run in runs if run.place != before[run.pk]]
        self.bulk_update(changed, ["certified_until"])
        count(Relocation(run.learner_id, before[run.pk], run.place) for run in changed)
