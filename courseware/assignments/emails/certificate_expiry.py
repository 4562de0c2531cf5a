"""Certificate expiry emails: certificates that expire in 60, 30 or 7 days."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, by_person, schedule_emails
from courseware.assignments.emails.samples import ENDING
from courseware.content.course_titles import course_title
from courseware.learning.emails.enrollment import signers_of
from courseware.learning.models import Enrollment
from courseware.notifications.email.email_types import EmailCategory, EmailType, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

KIND = "certificate-ending"
DAYS_BEFORE = (60, 30, 7)
CAUGHT_UP = timedelta(days=3)  # missed days are caught up within this time
RENEWED = gettext_noop("the certificate was renewed or revoked before this email was sent")


def register() -> None:
    template = "assignments/mail/certificate_expiry.txt"
    words, sort = _("Expiring certificate"), EmailCategory.TRAINING
    register_email_type(KIND, EmailType(words, template, why_no_news, in_words, sort, editable=ENDING))
    schedule_emails("queue-expiry-emails", _("Create emails about expiring certificates"), JOB)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    for enrollments in by_person(enrollments_ending(morning.day), "learner_id"):
        for enrollment in enrollments:
            if morning.catches_up or (last_day_of(enrollment) - morning.day).days in DAYS_BEFORE:
                yield expiry_email(enrollment, key_of(enrollment, morning.day), morning.at)


JOB = DailyEmailJob(KIND, time(5, 20), emails)
tell_of_endings = JOB.run


def enrollments_ending(day: date) -> QuerySet[Enrollment]:
    """Return newest, closed enrollments certified until 60, 30 or 7 days after `day`, or until 1 or 2 days before such
    a date; published courses and active learners only.
    """
    near = Q()
    for before in DAYS_BEFORE:
        last = day + timedelta(days=before)
        near |= Q(certified_until__gt=last - CAUGHT_UP, certified_until__lte=last)
    found = Enrollment.objects.newest().exclude(completed_at=None, exempted_at=None).filter(near)
    return found.filter(learner__is_active=True, course__current__isnull=False).select_related("learner").with_zone()


def key_of(enrollment: Enrollment, day: date) -> str:
    """Return the key: one per enrollment (of `enrollments_ending(day)`), last day and number of DAYS_BEFORE."""
    left = (last_day_of(enrollment) - day).days
    before = min(each for each in DAYS_BEFORE if each >= left)
    return f"{KIND}:{enrollment.pk}:{enrollment.certified_until}:{before}"


def last_day_of(enrollment: Enrollment) -> date:
    """Return the last certified day. Raise ValueError without a certification."""
    if enrollment.certified_until is None:
        raise ValueError(f"nothing certifies {enrollment}")
    return enrollment.certified_until


def expiry_email(enrollment: Enrollment, key: str, at: datetime) -> OutgoingEmail:
    data = {"subjects": [[enrollment.pk, last_day_of(enrollment).isoformat()]]}
    return email_to(enrollment.learner, KIND, key=key, data=data, next_at=at)


def still_ending(messages: Sequence[OutgoingEmail]) -> dict[int, list[Enrollment]]:
    """Return email id → enrollments whose certificates still end on the day in the email, first to end first."""
    ids = {each for message in messages for each, _day in message.data["subjects"]}
    found = Enrollment.objects.newest().filter(pk__in=ids).with_release().order_by("certified_until", "pk")
    enrollments = [each for each in found if not each.is_open]
    ends = {
        message: {(message.person_id, each, date.fromisoformat(day)) for each, day in message.data["subjects"]}
        for message in messages
    }
    return {
        message.pk: [each for each in enrollments if (each.learner_id, each.pk, each.certified_until) in ends[message]]
        for message in messages
    }


def why_no_news(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if enrollments else RENEWED for key, enrollments in still_ending(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    endings, signers = still_ending(messages), signers_of({message.person_id: None for message in messages})
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these emails always have a person
            "certificates": ends_text(endings[message.pk], message.language or settings.LANGUAGE_CODE),
            "house_style_of": endings[message.pk][0].course.identifier if len(endings[message.pk]) == 1 else "",
            **signers[message.person_id],
        }
        for message in messages
        if endings[message.pk]
    }


def ends_text(enrollments: Iterable[Enrollment], language: str) -> list[dict[str, str]]:
    with translation.override(language):
        return [
            {"title": course_title(each.course, language), "day": date_format(last_day_of(each))}
            for each in enrollments
        ]
