"""Merge two accounts of one person, and undo it. No record is rewritten."""

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import AccountMerge, User
from courseware.accounts.people.merge_checks import (
    CannotMerge,
    MergeRefusal,
    lock_both,
    open_again,
    shut,
    why_not_merge,
)
from courseware.assessment.certificates.certification import work_out
from courseware.assessment.models import ExternalTraining
from courseware.assignments.emails import certificate_expiry, changed_lesson, completion
from courseware.assignments.reminders import daily_reminders
from courseware.audit_log.record import NewEvent, record_many
from courseware.learning.due_dates.absence_shifts import settle, zone_of
from courseware.learning.due_dates.time_zone_changes import keep_days_of
from courseware.learning.emails import extension
from courseware.learning.emails.enrollment import give_back, hand_over
from courseware.learning.enrollments.account_merge import hold, join_enrollments, separate_enrollments
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.notifications.models import DeliveryState, OutgoingEmail


class MergeUndoRefusal(models.TextChoices):
    UNDONE = "undone", _("This merge was already undone.")
    LATE = "late", _("You can undo a merge within 24 hours only. That time is over.")
    LATER = "later", _("Another account was merged with this one later. Undo that merge first.")


class CannotUndo(Exception):
    def __init__(self, why: MergeUndoRefusal) -> None:
        super().__init__(why)
        self.why = why


@transaction.atomic
def merge(kept: User, other: User, *, by: User, at: datetime | None = None) -> AccountMerge:
    """From now on `other` is another name of `kept`. Repeated, it gives the same row. Raises CannotMerge."""
    at = at or timezone.now()
    kept, other = lock_both(kept, other)
    if found := AccountMerge.objects.standing().filter(kept=kept, other=other).first():
        return found
    if why := why_not(kept, other, by):
        raise CannotMerge(why)
    new = AccountMerge.objects.create(kept=kept, other=other, made_by=by, made_at=at, was_active=other.is_active)
    hold(kept, other)
    events = join_enrollments(new)
    events += shut(other, by, at)  # after the runs have gone: who has left is counted nowhere
    store_certifications(new)
    keep_days_of(list(transferred_enrollments(new)), zone_of(other))
    hand_over(other, kept)
    lock_merged_enrollments(other, kept)
    events += settle(kept, by, at)  # by the absences of the account that stays
    record_many([*told_of_both("merged", "merged-into", new, by, at), *events])
    return new


def why_not(kept: User, other: User, by: User) -> MergeRefusal | None:
    if why := why_not_merge(kept, other, by):
        return why
    # It is a fact about the account itself, and its log; a certificate belongs to a run, which can be brought over.
    trained = ExternalTraining.objects.filter(person=other, revoked_at=None)
    return MergeRefusal.TRAINED if trained.exists() else None


@transaction.atomic
def undo_merge(row: AccountMerge, *, by: User, at: datetime | None = None) -> AccountMerge:
    """Restore both accounts; a person who has left since has left by the account that stayed. Raises CannotUndo."""
    at = at or timezone.now()
    kept, other = lock_both(row.kept, row.other)
    found = AccountMerge.objects.select_for_update(no_key=True).get(pk=row.pk)
    if why := why_it_stays(found, at):
        raise CannotUndo(why)
    hold(kept, other)
    found.kept, found.other = kept, other
    found.undone_at, found.undone_by = at, by
    found.save(update_fields=["undone_at", "undone_by"])
    events = open_again(found, by, at)
    events += separate_enrollments(found, by, at)
    store_certifications(found)
    keep_days_of(list(transferred_enrollments(found)), zone_of(kept))
    give_back(other, found.made_at)
    lock_merged_enrollments(kept, other)
    events += [*settle(kept, by, at), *settle(other, by, at)]
    record_many([*told_of_both("merge-undone", "account-separated", found, by, at), *events])
    return found


def why_it_stays(row: AccountMerge, at: datetime) -> MergeUndoRefusal | None:
    if row.undone_at:
        return MergeUndoRefusal.UNDONE
    if not row.may_be_undone_at(at):
        return MergeUndoRefusal.LATE
    later = AccountMerge.objects.standing().filter(
        models.Q(kept=row.kept_id) | models.Q(other=row.kept_id), pk__gt=row.pk
    )
    return MergeUndoRefusal.LATER if later.exists() else None


def store_certifications(row: AccountMerge) -> None:
    courses = set(row.runs.filter(is_transferred=True).values_list("enrollment__course", flat=True))
    work_out([row.kept_id, row.other_id], courses)


def transferred_enrollments(row: AccountMerge) -> EnrollmentQuerySet:
    return (
        Enrollment.objects.filter(merged_enrollments__merge=row, merged_enrollments__is_transferred=True)
        .with_zone()
        .order_by("pk")
    )


def lock_merged_enrollments(before: User, now: User) -> None:
    """Pass queued emails about enrollments that are `now`'s to `now`.

    An email that is being sent stays, and `now` gets another one: better twice than not at all.
    """
    about_runs_of = (daily_reminders, certificate_expiry, completion, changed_lesson, extension)
    kinds = [letter.KIND for letter in about_runs_of]
    about_runs = OutgoingEmail.objects.filter(kind__in=kinds, person=before, state=DeliveryState.QUEUED)
    letters = list(about_runs.select_for_update(no_key=True).order_by("pk"))
    runs = daily_reminders.enrollments_in(letter.data for letter in letters)
    brought = set(Enrollment.objects.filter(pk__in=runs, learner=now).values_list("pk", flat=True))
    reader = {"person": now, "address": now.email or "", "language": now.language}
    for letter in letters:
        told = letter.data["subjects"]
        follows = [subject for subject in told if subject[0] in brought]
        if follows and follows == told and letter.may_be_taken_back:
            # A day that it was given was one of `before`; `now` may have had a letter on it.
            OutgoingEmail.objects.filter(pk=letter.pk).update(**reader, limit_category="", sending_day=None)
        elif follows:
            OutgoingEmail.objects.create(kind=letter.kind, data={**letter.data, "subjects": follows}, **reader)


def told_of_both(of_kept: str, of_other: str, row: AccountMerge, by: User, at: datetime) -> list[NewEvent]:
    return [
        NewEvent(of_kept, row.kept, by, {"merge": row.pk, "other": row.other_id}, at),
        NewEvent(of_other, row.other, by, {"merge": row.pk, "kept": row.kept_id}, at),
    ]
