"""Changed lesson emails: lessons that changed after the learner completed them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, by_person, schedule_emails
from courseware.content.models import ASKS_TO_REREAD, Document, ReleaseEntry
from courseware.content.rendering.store import outline
from courseware.learning.emails.enrollment import signers_of
from courseware.learning.lessons.changed_lessons import LessonChange, open_changes
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.not_asked import NotAskedReason
from courseware.learning.status.progress import narrowed
from courseware.lib.dates import due_instant
from courseware.notifications.email.email_types import EmailCategory, EmailType, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

KIND = "lesson-changed"
CAUGHT_UP = timedelta(days=3)  # missed days are caught up within this time
SEEN = gettext_noop("the person has seen the update, or the update was undone before this email was sent")


def register() -> None:
    template = "assignments/mail/lesson_changed.txt"
    words = _("Updated lesson")
    register_email_type(KIND, EmailType(words, template, why_no_news, in_words, EmailCategory.TRAINING))
    schedule_emails("queue-update-emails", _("Create emails about updated lessons"), JOB)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    for enrollments in by_person(affected_enrollments(morning.day), "learner_id"):
        yield from emails_to(enrollments, morning)


JOB = DailyEmailJob(KIND, time(5, 18), emails)
tell_of_changes = JOB.run


def told_since(day: date) -> datetime:
    """Return the earliest time of releases about which emails are created on `day`."""
    return due_instant(day - CAUGHT_UP, timezone.get_default_timezone())


def affected_enrollments(day: date) -> QuerySet[Enrollment]:
    """Return newest enrollments in which a recently changed lesson may be completed; check each with `changes_of`."""
    changed = ReleaseEntry.objects.filter(
        impact__in=ASKS_TO_REREAD,
        document__kind=Document.Kind.LESSON,
        release__created_at__gte=told_since(day),
    )
    done = Completion.objects.filter(document__in=list(changed.values_list("document", flat=True).distinct()))
    enrollments = Enrollment.objects.newest().filter(Exists(done.filter(enrollment=OuterRef("pk"))))
    # Also after the course is completed; emails to people who are away are held when they are sent.
    return with_reader(enrollments.asked(ignoring={Enrollment.State.COMPLETED, NotAskedReason.AWAY}))


def with_reader(enrollments: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    return enrollments.select_related("learner", "course__current").defer("course__current__outlines")


def changes_of(enrollments: Collection[Enrollment]) -> dict[int, list[LessonChange]]:
    """Return enrollment id → open changes; those without any are missing. `enrollments`: loaded by `with_reader`."""
    outlines = {
        each.pk: narrowed(outline(each.release, each.learner.language or settings.LANGUAGE_CODE), each)
        for each in enrollments
    }
    return open_changes(enrollments, outlines)


def emails_to(enrollments: Collection[Enrollment], morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """Yield one email per enrollment about all its open changes, if the newest change is not older than `told_since`.
    `enrollments`: loaded by `with_reader`.
    """
    changes, since = changes_of(enrollments), told_since(morning.day)
    for enrollment in enrollments:
        own = changes.get(enrollment.pk, ())
        newest = max(own, key=lambda change: change.changed_at, default=None)
        if newest and newest.changed_at >= since:
            key = f"{KIND}:{enrollment.pk}:{newest.answers_release}"
            data = {"subjects": [[enrollment.pk, change.document] for change in own]}
            yield email_to(enrollment.learner, KIND, key=key, data=data, next_at=morning.at)


def still_open(messages: Sequence[OutgoingEmail]) -> dict[int, list[tuple[Enrollment, LessonChange]]]:
    """Return email id → those (enrollment, change) pairs of the email that are still open. Runs two queries."""
    ids = {enrollment for message in messages for enrollment, _document in message.data["subjects"]}
    enrollments = with_reader(Enrollment.objects.newest().filter(pk__in=ids, course__current__isnull=False)).in_bulk()
    changes = changes_of(enrollments.values())
    return {
        message.pk: [
            (enrollments[enrollment], change)
            for enrollment, document in message.data["subjects"]
            if enrollment in enrollments and enrollments[enrollment].learner_id == message.person_id
            for change in changes.get(enrollment, ())
            if change.document == document
        ]
        for message in messages
    }


def why_no_news(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if found else SEEN for key, found in still_open(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    found, signers = still_open(messages), signers_of({message.person_id: None for message in messages})
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these emails always have a person
            "lessons": lessons_text(found[message.pk]),
            "home": settings.SITE_URL.rstrip("/") + reverse("home"),
            "house_style_of": course_of(found[message.pk]),
            **signers[message.person_id],
        }
        for message in messages
        if found[message.pk]
    }


def lessons_text(found: Iterable[tuple[Enrollment, LessonChange]]) -> list[dict[str, object]]:
    site = settings.SITE_URL.rstrip("/")
    return [
        {
            "title": change.step.title,
            "why": change.notes[0] if change.notes else "",
            "asks_check": bool(change.check),
            "link": site + reverse("learning:step", args=[enrollment.course.identifier, change.step.id]),
        }
        for enrollment, change in found
    ]


def course_of(found: Iterable[tuple[Enrollment, LessonChange]]) -> str:
    identifiers = {enrollment.course.identifier for enrollment, _change in found}
    return identifiers.pop() if len(identifiers) == 1 else ""
