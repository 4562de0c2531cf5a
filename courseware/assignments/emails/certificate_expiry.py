"""The letters that say a certificate ends, some time before, and by whom it is renewed."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, by_person
from courseware.assignments.emails.samples import ENDING
from courseware.content.course_titles import course_title
from courseware.learning.emails.enrollment import signers_of
from courseware.learning.models import Enrollment
from courseware.notifications.email.email_types import EmailCategory, EmailType, register_kind
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail

KIND = "certificate-ending"
DAYS_BEFORE = (60, 30, 7)
CAUGHT_UP = timedelta(days=3)  # a day on which nobody looked is told by then
RENEWED = gettext_noop("the certificate was renewed or revoked in the meantime")


def register_email() -> None:
    template = "assignments/mail/certificate_ending.txt"
    words, sort = _("Expiring certificate"), EmailCategory.TRAINING
    register_kind(KIND, EmailType(words, template, why_no_news, in_words, sort, editable=ENDING))


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    for runs in by_person(enrollments_ending(morning.day), "learner_id"):
        for run in runs:
            if morning.catches_up or (last_day_of(run) - morning.day).days in DAYS_BEFORE:
                yield letter_to(run, key_of(run, morning.day), morning.at)


JOB = DailyEmailJob(KIND, time(5, 20), emails)
tell_of_endings = JOB.run


def enrollments_ending(day: date) -> QuerySet[Enrollment]:
    """The newest runs of who is certified for so many days more, and has no renewal open."""
    near = Q()
    for before in DAYS_BEFORE:
        last = day + timedelta(days=before)
        near |= Q(certified_until__gt=last - CAUGHT_UP, certified_until__lte=last)
    runs = Enrollment.objects.newest().exclude(completed_at=None, exempted_at=None).filter(near)
    return runs.filter(learner__is_active=True, course__current__isnull=False).select_related("learner").with_zone()


def key_of(run: Enrollment, day: date) -> str:
    left = (last_day_of(run) - day).days
    before = min(each for each in DAYS_BEFORE if each >= left)
    return f"{KIND}:{run.pk}:{run.certified_until}:{before}"


def last_day_of(run: Enrollment) -> date:
    if run.certified_until is None:
        raise ValueError(f"nothing certifies {run}")
    return run.certified_until


def letter_to(run: Enrollment, key: str, at: datetime) -> OutgoingEmail:
    data = {"subjects": [[run.pk, last_day_of(run).isoformat()]]}
    return email_to(run.learner, KIND, key=key, data=data, next_at=at)


def still_ending(messages: Sequence[OutgoingEmail]) -> dict[int, list[Enrollment]]:
    """Key of each email → enrollments whose certificates still end, the first to end first, without open renewals."""
    told = {run for message in messages for run, _day in message.data["subjects"]}
    found = Enrollment.objects.newest().filter(pk__in=told).with_release().order_by("certified_until", "pk")
    runs = [run for run in found if not run.is_open]
    ends = {
        message: {(message.person_id, run, date.fromisoformat(day)) for run, day in message.data["subjects"]}
        for message in messages
    }
    return {
        message.pk: [run for run in runs if (run.learner_id, run.pk, run.certified_until) in ends[message]]
        for message in messages
    }


def why_no_news(messages: Sequence[OutgoingEmail]) -> dict[int, str]:
    return {key: "" if runs else RENEWED for key, runs in still_ending(messages).items()}


def in_words(messages: Sequence[OutgoingEmail]) -> dict[int, dict[str, object]]:
    endings, signers = still_ending(messages), signers_of({message.person_id: None for message in messages})
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
            "certificates": ends_text(endings[message.pk], message.language or settings.LANGUAGE_CODE),
            "house_style_of": endings[message.pk][0].course.identifier if len(endings[message.pk]) == 1 else "",
            **signers[message.person_id],
        }
        for message in messages
        if endings[message.pk]
    }


def ends_text(runs: Iterable[Enrollment], language: str) -> list[dict[str, str]]:
    with translation.override(language):
        return [{"title": course_title(run.course, language), "day": date_format(last_day_of(run))} for run in runs]
