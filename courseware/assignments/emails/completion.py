"""Completion email: a completed course, with result and certificate."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.assessment.models import Certificate
from courseware.assignments.emails.samples import ARRIVAL
from courseware.assignments.reminders.daily_reminders import courses_text
from courseware.learning.emails.enrollment import signers_of
from courseware.learning.models import Enrollment
from courseware.learning.status.completion import enrollment_completed
from courseware.learning.status.not_asked import NotAskedReason
from courseware.notifications.email.email_types import EmailCategory, EmailType, NotificationText, register_email_type
from courseware.notifications.email.queue import queue_emails
from courseware.notifications.models import Notification, OutgoingEmail

KIND = "arrival"
DAY = timedelta(days=1)
TAKEN_BACK = gettext_noop("the certificate was revoked, or the enrollment now belongs to another account")


def register() -> None:
    """Register the email and queue it on completion."""
    template = "assignments/mail/completion.txt"
    questions = why_no_news, in_words
    words = _("Completed course")
    register_email_type(KIND, EmailType(words, template, *questions, EmailCategory.TRAINING, lines_in_words, ARRIVAL))
    enrollment_completed.connect(queue_completion_email, dispatch_uid="assignments.queue_completion_email")


def queue_completion_email(sender: type[Enrollment], enrollment: Enrollment, at: datetime, **kwargs: object) -> None:
    """Receiver: queue the email, unless the completion `at` (aware) is more than a day old."""
    if at > timezone.now() - DAY:
        queue_emails(KIND, {enrollment.learner: [[enrollment.pk, enrollment.due_on and str(enrollment.due_on)]]})


def certificates_of(items: Sequence[OutgoingEmail] | Sequence[Notification]) -> dict[int, list[Certificate]]:
    """Return id of each email or notification → valid certificates that belong to its recipient. Runs one query."""
    enrollments = {enrollment for each in items for enrollment, _day in each.data["subjects"]}
    found = Certificate.objects.filter(enrollment__in=enrollments, revoked_at=None).select_related("enrollment__course")
    by_enrollment = {certificate.enrollment_id: certificate for certificate in found}
    return {
        each.pk: [
            certificate
            for enrollment, _day in each.data["subjects"]
            if (certificate := by_enrollment.get(enrollment)) and certificate.enrollment.learner_id == each.person_id
        ]
        for each in items
    }


def why_no_news(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if found else TAKEN_BACK for key, found in certificates_of(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    certificates, signers = certificates_of(messages), signers_of({message.person_id: None for message in messages})
    following = courses_text(open_enrollments_of(messages))
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these emails always have a person
            "certificates": [said_of(each, message.language) for each in certificates[message.pk]],
            "house_style_of": course_of(certificates[message.pk]),
            "next": next(iter(following[message]), None),
            "host": urlsplit(settings.SITE_URL).netloc,
            **signers[message.person_id],
        }
        for message in messages
        if certificates[message.pk]
    }


def open_enrollments_of(messages: Sequence[OutgoingEmail]) -> Mapping[OutgoingEmail, list[Enrollment]]:
    """Return email → list with the open enrollment of its recipient that is due first, or []. Runs one query."""
    # Delivery checks for every email whether the recipient has left or is away.
    enrollments = Enrollment.objects.newest().asked(ignoring={NotAskedReason.LEFT, NotAskedReason.AWAY})
    enrollments = enrollments.filter(learner__in={message.person_id for message in messages})
    found: dict[int, list[Enrollment]] = defaultdict(list)
    for enrollment in enrollments.with_zone().with_release().order_by("urgency", "pk"):
        found[enrollment.learner_id].append(enrollment)
    return {message: found[message.person_id][:1] for message in messages if message.person_id}


def course_of(certificates: Collection[Certificate]) -> str:
    identifiers = {each.enrollment.course.identifier for each in certificates}
    return identifiers.pop() if len(identifiers) == 1 else ""


def said_of(certificate: Certificate, language: str) -> dict[str, object]:
    with translation.override(language or settings.LANGUAGE_CODE):
        return {
            "title": title_of(certificate),
            "points": certificate.points,
            "max_points": certificate.max_points,
            "day": date_format(certificate.valid_until) if certificate.valid_until else "",
            "link": settings.SITE_URL.rstrip("/") + address_of(certificate),
        }


def title_of(certificate: Certificate) -> str:
    titles = certificate.titles
    return titles.get(get_language()) or next(iter(titles.values()))


def address_of(certificate: Certificate) -> str:
    return reverse("assessment:certificate", args=[certificate.number])


def lines_in_words(notifications: Sequence[Notification]) -> dict[int, NotificationText]:
    """Return notification id → text and path, without those whose certificate was revoked or moved."""
    certificates = {key: found[0] for key, found in certificates_of(notifications).items() if found}
    return {
        key: NotificationText(gettext("“%(title)s” is completed") % {"title": title_of(each)}, address_of(each))
        for key, each in certificates.items()
    }
