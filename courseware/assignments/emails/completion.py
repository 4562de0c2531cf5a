"""The letter to who has completed a course: what was reached, where the certificate is, until when it is valid."""

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
from courseware.learning.status.not_asked import NotAskedReason
from courseware.notifications.email.email_types import EmailCategory, EmailType, NotificationText, register_kind
from courseware.notifications.email.queue import queue_emails
from courseware.notifications.models import Notification, OutgoingEmail

KIND = "arrival"
DAY = timedelta(days=1)
TAKEN_BACK = gettext_noop("the certificate was revoked, or the enrollment now belongs to another account")


def register_email() -> None:
    template = "assignments/mail/arrival.txt"
    questions = why_no_news, in_words
    words = _("Completed course")
    register_kind(KIND, EmailType(words, template, *questions, EmailCategory.TRAINING, lines_in_words, ARRIVAL))


def queue_completion_email(sender: type[Enrollment], enrollment: Enrollment, at: datetime, **kwargs: object) -> None:
    """In the transaction of the completion. What is entered afterwards, for a day long ago, is no news."""
    if at > timezone.now() - DAY:
        queue_emails(KIND, {enrollment.learner: [[enrollment.pk, enrollment.due_on and str(enrollment.due_on)]]})


def certificates_of(told: Sequence[OutgoingEmail] | Sequence[Notification]) -> dict[int, list[Certificate]]:
    """Key of each letter, or line → the valid certificates it tells of, of its reader. Runs one query."""
    runs = {run for each in told for run, _day in each.data["subjects"]}
    found = Certificate.objects.filter(enrollment__in=runs, revoked_at=None).select_related("enrollment__course")
    by_run = {certificate.enrollment_id: certificate for certificate in found}
    return {
        each.pk: [
            certificate
            for run, _day in each.data["subjects"]
            if (certificate := by_run.get(run)) and certificate.enrollment.learner_id == each.person_id
        ]
        for each in told
    }


def why_no_news(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if found else TAKEN_BACK for key, found in certificates_of(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    certificates, signers = certificates_of(messages), signers_of({message.person_id: None for message in messages})
    following = courses_text(open_enrollments_of(messages))
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
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
    """What each reader has to do yet, the earliest day first; of one who is due, one. Runs one query."""
    # Whether the reader has left or is away is asked of every email when it is sent.
    runs = Enrollment.objects.newest().asked(ignoring={NotAskedReason.LEFT, NotAskedReason.AWAY})
    runs = runs.filter(learner__in={message.person_id for message in messages})
    found: dict[int, list[Enrollment]] = defaultdict(list)
    for run in runs.with_zone().with_release().order_by("urgency", "pk"):
        found[run.learner_id].append(run)
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


def lines_in_words(lines: Sequence[Notification]) -> dict[int, NotificationText]:
    told = {key: found[0] for key, found in certificates_of(lines).items() if found}
    return {
        key: NotificationText(gettext("“%(title)s” is completed") % {"title": title_of(each)}, address_of(each))
        for key, each in told.items()
    }
