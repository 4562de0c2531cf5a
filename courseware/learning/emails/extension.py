"""Email and notification that answer an extension request."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.content.course_titles import course_title
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.models import Enrollment, ExtensionRequest
from courseware.notifications.email.email_types import EmailCategory, EmailType, NotificationText, register_email_type
from courseware.notifications.email.queue import add_notifications, queue_emails
from courseware.notifications.models import Notification, OutgoingEmail

KIND = "extension-answered"
NO_MORE = gettext_noop(
    "before this email was sent, the answer to the extension request was undone or the enrollment changed"
)
WAITS_AGAIN = ""  # in place of the time of an answer


def register_email() -> None:
    template = "learning/mail/extension_answered.txt"
    label = _("Answer to an extension request")
    register_email_type(
        KIND, EmailType(label, template, why_unwanted, in_words, EmailCategory.TRAINING, lines_in_words)
    )


def queue_answer_email(request: ExtensionRequest, learner: User, at: datetime) -> None:
    """Queue the email about an answer to `request`, given at the instant `at`. Each answer has its own email."""
    queue_emails(KIND, {learner: [[request.enrollment_id, request.pk, at.isoformat()]]}, is_held=True)


def queue_reopened_email(requests: Iterable[ExtensionRequest]) -> None:
    """Add notifications that these requests are open again. Unsent emails about their former answers are skipped."""
    subjects = defaultdict(list)
    for each in requests:
        subjects[each.enrollment.learner_id].append([each.enrollment_id, each.pk, WAITS_AGAIN])
    add_notifications(KIND, {learner: {"subjects": rows} for learner, rows in subjects.items()})


def requests_told(
    messages: Sequence[OutgoingEmail] | Sequence[Notification],
) -> dict[int, list[tuple[ExtensionRequest, str]]]:
    """Return id of each email or notification → list of (request, time of its answer as ISO text or WAITS_AGAIN).
    Requests of other learners are left out. One query.
    """
    keys = {key for each in messages for _enrollment, key, _at in each.data["subjects"]}
    rows = ExtensionRequest.objects.filter(pk__in=keys).select_related(
        "enrollment__course__current", "ended_by", "adjustment"
    )
    found = rows.in_bulk()
    return {
        each.pk: [
            (found[key], at)
            for _enrollment, key, at in each.data["subjects"]
            if key in found and found[key].enrollment.learner_id == each.person_id
        ]
        for each in messages
    }


def is_true_still(request: ExtensionRequest, at: str) -> bool:
    """Return whether the answer of time `at` (ISO format) still holds: not undone, enrollment open, no other due date
    set since.
    """
    enrollment = request.enrollment
    given_at = request.adjustment.made_at if request.adjustment else request.since
    return is_answered_at(request, at) and enrollment.is_open and enrollment.agreed_due_at == given_at


def is_answered_at(request: ExtensionRequest, at: str) -> bool:
    return at != WAITS_AGAIN and request.ended_at == datetime.fromisoformat(at)


def answers_in(messages: Sequence[OutgoingEmail]) -> dict[int, list[ExtensionRequest]]:
    """Return email id → requests whose answers still hold."""
    requests = requests_told(messages)
    return {key: [request for request, at in found if is_true_still(request, at)] for key, found in requests.items()}


def why_unwanted(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if found else NO_MORE for key, found in answers_in(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    answers = answers_in(messages)
    days = due_days_of([request for found in answers.values() for request in found])
    return {message.pk: email_context(message, found, days) for message in messages if (found := answers[message.pk])}


def email_context(message: OutgoingEmail, found: list[ExtensionRequest], days: dict[int, date]) -> dict[str, object]:
    with translation.override(message.language or settings.LANGUAGE_CODE):
        answers = [answer_text(request, days[request.enrollment_id]) for request in found]
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # always sent to a person
        "answers": answers,
        "house_style_of": answers[0]["id"] if len(answers) == 1 else "",
        "signer": found[-1].ended_by.name,  # type: ignore[union-attr]  # set by the answer
    }


def due_days_of(requests: Collection[ExtensionRequest]) -> dict[int, date]:
    enrollments = Enrollment.objects.filter(pk__in=[each.enrollment_id for each in requests]).exclude(due_at=None)
    return {enrollment.pk: enrollment.due_on for enrollment in enrollments.with_zone()}


def answer_text(request: ExtensionRequest, due_on: date) -> dict[str, object]:
    course = request.enrollment.course
    return {
        "id": course.identifier,
        "title": course_title(course),
        "asked": day_text(request.day),
        "day": day_text(due_on),
        "is_given": request.end == ExtensionRequest.End.GIVEN,
        "is_refused": request.end == ExtensionRequest.End.REFUSED,
        "words": request.words,
        "link": f"{settings.SITE_URL.rstrip('/')}{reverse('home')}?course={course.identifier}",
    }


def lines_in_words(notifications: Sequence[Notification]) -> dict[int, NotificationText]:
    """Return notification id → text in the active language. Notifications that no longer hold have no key."""
    texts = {}
    for key, requests in requests_told(notifications).items():
        shown = [(line_of(request, at), request) for request, at in requests]
        if shown := [(text, request) for text, request in shown if text]:
            address = reverse("learning:extension", args=[shown[0][1].enrollment.course.identifier])
            texts[key] = NotificationText(" · ".join(text for text, _request in shown), address)
    return texts


def line_of(request: ExtensionRequest, at: str) -> str:
    title = course_title(request.enrollment.course)
    if at == WAITS_AGAIN and request.ended_at is None:
        text = gettext("“%(title)s”: the answer to your extension request was undone. You will get a new answer")
        return text % {"title": title}
    if not is_answered_at(request, at):
        return ""
    if request.given_on:
        text = gettext("“%(title)s”: your due date is extended to %(day)s")
        return text % {"title": title, "day": day_text(request.given_on)}
    text = gettext("“%(title)s”: your request to extend to %(day)s was declined. The due date stays the same")
    return text % {"title": title, "day": day_text(request.day)}
