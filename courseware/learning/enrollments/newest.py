"""Newest enrollment per person and course: stored with certification and headcounts on every write."""

from django.db import models, transaction

from courseware.accounts.models import AccountMerge
from courseware.accounts.teams.memberships import lock_memberships_exclusive, lock_memberships_shared
from courseware.learning.status import certification_status
from courseware.learning.status.headcounts import HeadcountChange, record_changes


class MergedEnrollmentQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(merge__undone_at=None)


class MergedEnrollment(models.Model):
    """How a merge changed an enrollment. If transferred, it began in the account `merge.other`."""

    merge = models.ForeignKey(AccountMerge, on_delete=models.PROTECT, related_name="runs")
    enrollment = models.ForeignKey("learning.Enrollment", on_delete=models.CASCADE, related_name="merged_enrollments")
    is_transferred = models.BooleanField(help_text="It was begun in the other account")
    is_closed = models.BooleanField(help_text="It was open, and another enrollment of the person replaced it")
    is_superseded = models.BooleanField(help_text="It is not the current enrollment, although it started after it")

    objects = MergedEnrollmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["merge", "enrollment"], name="a_run_once_in_a_merge")]

    def __str__(self):
        return f"{self.enrollment} · {self.merge}"


def superseded_ids():
    """Return a subquery: ids of enrollments that a merge in force has superseded although they were created last."""
    return MergedEnrollment.objects.in_force().filter(is_superseded=True).values("enrollment")


def continues_closed_enrollment():
    """Return the condition on enrollments: since it began, a merge in force closed another enrollment of the learner in
    the course.
    """
    closed = MergedEnrollment.objects.in_force().filter(
        is_closed=True, merge__made_at__gte=models.OuterRef("enrolled_at")
    )
    same = {"enrollment__learner": models.OuterRef("learner"), "enrollment__course": models.OuterRef("course")}
    return models.Exists(closed.filter(**same).exclude(enrollment=models.OuterRef("pk")))


class NewestEnrollments(models.QuerySet):
    """Queryset that updates certification and headcounts with every write."""

    def bulk_create(self, objs, *args, **kwargs):
        """Create first enrollments. Raise `IntegrityError` if a learner has any in the course, even a closed one."""
        with transaction.atomic():
            objs = list(objs)
            lock_memberships_shared({each.learner_id for each in objs})  # see `block_first_enrollments`
            certification_status.fill_certified_until(objs)
            new = super().bulk_create(objs, *args, **kwargs)
            record_changes(HeadcountChange(each.learner_id, None, each.place) for each in new)
        return new

    def write_many(self, enrollments, columns):
        """Like `save` of each with these columns (names), in a constant number of statements. Raise `KeyError` if a row
        is gone.
        """
        with transaction.atomic():
            before = {each.pk: each for each in self.filter(pk__in=[each.pk for each in enrollments])}
            for each in enrollments:
                each.certified_until = before[each.pk].certified_until
            self.bulk_update(enrollments, columns)
            record_changes(HeadcountChange(each.learner_id, before[each.pk].place, each.place) for each in enrollments)

    def remove_many(self, enrollments):
        """Delete enrollments, which must be marked as newest (not checked), and mark the last remaining one of each
        learner in the course. Raise `ProtectedError` if one has records.
        """
        pairs = {(each.learner_id, each.course_id) for each in enrollments}
        with transaction.atomic():
            rows = self.filter(pk__in=[each.pk for each in enrollments])
            moves = [HeadcountChange(each.learner_id, each.place, None) for each in rows]
            rows.delete()
            left = self.filter(learner__in={pair[0] for pair in pairs}, course__in={pair[1] for pair in pairs})
            left = left.alias(is_superseded=models.Exists(superseded_ids().filter(enrollment=models.OuterRef("pk"))))
            newest = {(each.learner_id, each.course_id): each for each in left.order_by("-is_superseded", "pk")}
            again = [each for pair, each in newest.items() if pair in pairs]
            for each in again:
                each.is_newest, each.certified_until = True, None
            certification_status.fill_certified_until(again)
            self.bulk_update(again, ["is_newest", "certified_until"])
            for each in again:
                moves.append(HeadcountChange(each.learner_id, None, each.place))
            record_changes(moves)

    def newest(self):
        return self.filter(is_newest=True)

    def hold_newest(self, pairs):
        """Lock the newest enrollments of `pairs`, a set of (person id, course id), in this transaction; return them."""
        people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
        enrollments = self.newest().filter(learner__in=people, course__in=courses).order_by("pk")
        return [
            each for each in enrollments.select_for_update(no_key=True) if (each.learner_id, each.course_id) in pairs
        ]

    def hold_all_beside(self, enrollment):
        """Lock all enrollments of the learner in the course, this one too, ordered by id as a merge does."""
        learner = self.filter(pk=enrollment.pk).values("learner")
        enrollments = self.filter(learner__in=learner, course=enrollment.course_id).order_by("pk")
        list(enrollments.select_for_update(of=("self",), no_key=True).only("pk"))

    def block_first_enrollments(self, pairs):
        """Until this transaction ends, no other transaction can create a first enrollment of `pairs`, a set of
        (person id, course id). Call it before locking enrollments.
        """
        people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
        enrollments = self.newest().filter(learner__in=people, course__in=courses)
        lock_memberships_exclusive(
            {person for person, _course in pairs.difference(enrollments.values_list("learner", "course"))}
        )

    def store_certified(self, pairs):
        """Lock the newest enrollments of `pairs`, a set of (person id, course id); compute and save `certified_until`.
        Call it in the transaction that changes certificates.
        """
        enrollments = self.hold_newest(pairs)
        before = {enrollment.pk: enrollment.place for enrollment in enrollments}
        for enrollment in enrollments:
            enrollment.certified_until = None
        certification_status.fill_certified_until(enrollments)
        changed = [enrollment for enrollment in enrollments if enrollment.place != before[enrollment.pk]]
        self.bulk_update(changed, ["certified_until"])
        record_changes(
            HeadcountChange(enrollment.learner_id, before[enrollment.pk], enrollment.place) for enrollment in changed
        )
