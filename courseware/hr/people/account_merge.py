"""Account merge: merge two accounts of one person, with their enrollments, and undo it."""

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import AccountMerge, User
from courseware.accounts.people.merge_checks import (
    CannotMerge,
    MergeRefusal,
    deactivate_merged,
    lock_both,
    reactivate_merged,
    why_not_merge,
)
from courseware.assessment.certificates.certification import recompute_certifications
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
    LATER = "later", _("Another account was merged with this account later. Undo that merge first.")


class CannotUndo(Exception):
    def __init__(self, why: MergeUndoRefusal) -> None:
        super().__init__(why)
        self.why = why


@transaction.atomic
def merge(kept: User, other: User, *, by: User, at: datetime | None = None) -> AccountMerge:
    """Make `other` an alias of `kept`, move enrollments, log it. Return the merge, also if it was done before. Raise
    CannotMerge. Only call it if `handles_people(by)`.
    """
    at = at or timezone.now()
    kept, other = lock_both(kept, other)
    if found := AccountMerge.objects.in_force().filter(kept=kept, other=other).first():
        return found
    if why := why_not(kept, other, by):
        raise CannotMerge(why)
    new = AccountMerge.objects.create(kept=kept, other=other, made_by=by, made_at=at, was_active=other.is_active)
    hold(kept, other)
    events = join_enrollments(new)
    events += deactivate_merged(other, by, at)  # after the enrollments: former people are not counted
    store_certifications(new)
    keep_days_of(list(transferred_enrollments(new)), zone_of(other))
    hand_over(other, kept)
    redirect_queued_emails(other, kept)
    events += settle(kept, by, at)  # with the absences of `kept`
    record_many([*merge_events("merged", "merged-into", new, by, at), *events])
    return new


def why_not(kept: User, other: User, by: User) -> MergeRefusal | None:
    """Return why `by` cannot merge `other` into `kept`, or None. Only call it if `handles_people(by)`."""
    if why := why_not_merge(kept, other, by):
        return why
    # External training belongs to the account itself; certificates belong to enrollments, which can be moved.
    trained = ExternalTraining.objects.filter(person=other, revoked_at=None)
    return MergeRefusal.TRAINED if trained.exists() else None


@transaction.atomic
def undo_merge(row: AccountMerge, *, by: User, at: datetime | None = None) -> AccountMerge:
    """Separate the accounts, give back enrollments, log it; return the row. Raise CannotUndo. Checks no permission."""
    at = at or timezone.now()
    kept, other = lock_both(row.kept, row.other)
    found = AccountMerge.objects.select_for_update(no_key=True).get(pk=row.pk)
    if why := undo_refusal(found, at):
        raise CannotUndo(why)
    hold(kept, other)
    found.kept, found.other = kept, other
    found.undone_at, found.undone_by = at, by
    found.save(update_fields=["undone_at", "undone_by"])
    events = reactivate_merged(found, by, at)
    events += separate_enrollments(found, by, at)
    store_certifications(found)
    keep_days_of(list(transferred_enrollments(found)), zone_of(kept))
    give_back(other, found.made_at)
    redirect_queued_emails(kept, other)
    events += [*settle(kept, by, at), *settle(other, by, at)]
    record_many([*merge_events("merge-undone", "account-separated", found, by, at), *events])
    return found


def undo_refusal(row: AccountMerge, at: datetime) -> MergeUndoRefusal | None:
    """Return why the merge cannot be undone at `at`, or None."""
    if row.undone_at:
        return MergeUndoRefusal.UNDONE
    if not row.may_be_undone_at(at):
        return MergeUndoRefusal.LATE
    later = AccountMerge.objects.in_force().filter(
        models.Q(kept=row.kept_id) | models.Q(other=row.kept_id), pk__gt=row.pk
    )
    return MergeUndoRefusal.LATER if later.exists() else None


def store_certifications(row: AccountMerge) -> None:
    courses = set(row.runs.filter(is_transferred=True).values_list("enrollment__course", flat=True))
    recompute_certifications([row.kept_id, row.other_id], courses)


def transferred_enrollments(row: AccountMerge) -> EnrollmentQuerySet:
    """Return a queryset of the enrollments that the merge moved to the surviving account."""
    return (
        Enrollment.objects.filter(merged_enrollments__merge=row, merged_enrollments__is_transferred=True)
        .with_zone()
        .order_by("pk")
    )


def redirect_queued_emails(before: User, now: User) -> None:
    """Redirect queued emails to `before` about enrollments that now belong to `now`. An email that has other subjects,
    too, or was tried already is copied, so `now` may get it twice.
    """
    modules = (daily_reminders, certificate_expiry, completion, changed_lesson, extension)
    kinds = [email.KIND for email in modules]
    queued = OutgoingEmail.objects.filter(kind__in=kinds, person=before, state=DeliveryState.QUEUED)
    emails = list(queued.select_for_update(no_key=True).order_by("pk"))
    enrollment_ids = daily_reminders.enrollments_in(email.data for email in emails)
    transferred = set(Enrollment.objects.filter(pk__in=enrollment_ids, learner=now).values_list("pk", flat=True))
    recipient = {"person": now, "address": now.email or "", "language": now.language}
    for email in emails:
        subjects = email.data["subjects"]
        follows = [subject for subject in subjects if subject[0] in transferred]
        if follows and follows == subjects and email.may_be_taken_back:
            # A reserved sending day is one of `before`; `now` may have had an email on it.
            OutgoingEmail.objects.filter(pk=email.pk).update(**recipient, limit_category="", sending_day=None)
        elif follows:
            OutgoingEmail.objects.create(kind=email.kind, data={**email.data, "subjects": follows}, **recipient)


def merge_events(of_kept: str, of_other: str, row: AccountMerge, by: User, at: datetime) -> list[NewEvent]:
    """Return an event of type `of_kept` for the surviving account and one of type `of_other` for the alias."""
    return [
        NewEvent(of_kept, row.kept, by, {"merge": row.pk, "other": row.other_id}, at),
        NewEvent(of_other, row.other, by, {"merge": row.pk, "kept": row.kept_id}, at),
    ]
