"""External training: record and revoke training from elsewhere, with its proof."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from courseware.accounts.models import User, surviving_accounts
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.facts import months_later
from courseware.assessment.models import ExternalTraining
from courseware.audit_log.record import NewEvent, record, record_many, subject_of
from courseware.content.models import Course
from courseware.content.rendering.store import outline

MAX_TRAININGS_PER_TRANSACTION = 50  # people in one transaction


class OwnTraining(Exception):
    """The user tries to record or revoke their own training."""


def default_expiry(course: Course, trained_on: date) -> date | None:
    """Return the last day of a certificate issued on `trained_on`; None if it has no end or the course no release."""
    months = outline(course.current, course.source_language).valid_months if course.current else None
    return months_later(trained_on, months) if months else None


@transaction.atomic
def record_external_training(
    trainings: Sequence[ExternalTraining], *, by: User, at: datetime | None = None
) -> list[ExternalTraining]:
    """Save, log and return the unsaved trainings that are new for their person, course and day; update certifications.
    Those of a merged account go to the surviving one. Pass at most MAX_TRAININGS_PER_TRANSACTION. Raise OwnTraining.
    """
    at = at or timezone.now()
    named = {training.person_id for training in trainings}
    with_names = named | {remaining.pk for remaining in surviving_accounts(named).values()}
    list(User.objects.select_for_update(no_key=True).filter(pk__in=with_names).order_by("pk"))
    remaining = surviving_accounts(named)  # again, because the lock now blocks merges
    for training in trainings:
        if training.person_id in remaining:
            training.person = remaining[training.person_id]
    people = {training.person_id for training in trainings}
    if by.pk in people:
        raise OwnTraining(by)
    new = list(not_recorded_yet(trainings, people))
    for training in new:
        training.recorded_by, training.recorded_at = by, at
    ExternalTraining.objects.bulk_create(new)
    store_certifications(new)
    record_many(
        NewEvent("external-training-recorded", subject_of(User, training.person_id), by, event_data_of(training), at)
        for training in new
    )
    return new


def not_recorded_yet(trainings: Iterable[ExternalTraining], people: Collection[int]) -> Iterator[ExternalTraining]:
    """Yield the first training per person, course and day without an unrevoked row. `people`: all their person ids."""
    found = ExternalTraining.objects.filter(person__in=people, revoked_at=None)
    known = set(found.values_list("person", "course", "trained_on"))
    for training in trainings:
        if key_of(training) not in known:
            known.add(key_of(training))
            yield training


def key_of(training: ExternalTraining) -> tuple[int, int, date]:
    return training.person_id, training.course_id, training.trained_on


def event_data_of(training: ExternalTraining) -> dict[str, object]:
    """Return the data for the audit log, without the proof, which may name people."""
    return {
        "training": training.pk,
        "course": training.course_id,
        "on": training.trained_on,
        "until": training.valid_until,
    }


def trainings_of(person: User, course: int | None = None) -> QuerySet[ExternalTraining]:
    """Return the person's trainings in this course (an id; None: all), also revoked ones, the latest training first."""
    own = ExternalTraining.objects.filter(person=person).select_related("recorded_by").order_by("-trained_on", "-pk")
    return own.filter(course=course) if course else own


@transaction.atomic
def revoke_external_training(training: ExternalTraining, *, reason: str, by: User, at: datetime | None = None) -> bool:
    """Revoke and log the training; update the certification. Return False if already revoked. Raise OwnTraining."""
    if training.person_id == by.pk:
        raise OwnTraining(by)
    training = ExternalTraining.objects.select_for_update(of=("self",), no_key=True).get(pk=training.pk)
    if training.revoked_at:
        return False
    training.set_revoked(reason, by, at)
    store_certifications([training])
    subject, data = subject_of(User, training.person_id), {"training": training.pk}
    record("external-training-revoked", actor=by, subject=subject, data=data, at=training.revoked_at)
    return True
