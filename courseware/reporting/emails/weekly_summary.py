"""The weekly email to managers on Monday morning: requests, and people who are overdue, stuck or finished."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.models import Membership, User
from courseware.accounts.permissions.permissions import is_manager, people_managed_by, teams_managed_by
from courseware.accounts.sign_in.emails import OPENS, EmailHours, hours_of
from courseware.assignments.emails.daily_email_jobs import (
    MORNING_JOBS,
    DailyEmailJob,
    DailyEmails,
    by_person,
    register_morning_job,
    summary,
)
from courseware.content.course_titles import course_title
from courseware.content.rendering import store
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.models import Enrollment, EnrollmentQuerySet, ExtensionRequest
from courseware.learning.status.states import State
from courseware.lib.dates import now, site_day
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_kind
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.dashboard.rows import dashboard_of, in_certification, published, those_stuck
from courseware.reporting.emails.samples import DIGEST
from courseware.reporting.today.learner_requests import with_enrollments

KIND = "digest"
HOUR = time(5, 30)
NAMED = 5  # people of each kind
TEAMS_NAMED = 10
DAY, WEEK = timedelta(days=1), timedelta(days=7)
CAUGHT_UP = 2 * DAY  # since a Monday on which nobody looked
NOTHING = gettext_noop("nobody is overdue or stuck, and nobody has finished")
WEEKLY: dict[str, Callable[[], QuerySet[User]]] = {}  # type of email → its readers


def register_email() -> None:
    register_weekly(KIND, all_leaders)
    questions = one_by_one(why_nothing), one_by_one(in_words)
    words, template = _("Your team this week"), "reporting/mail/digest.txt"
    sort = EmailCategory.SUBSCRIBED
    register_kind(KIND, EmailType(words, template, *questions, sort, editable=DIGEST, is_for=is_manager))


def write_digests(at: datetime | None = None) -> str:
    return summary(sum(MORNING_JOBS[kind].write(at=at) for kind in WEEKLY))


def register_weekly(kind: str, readers: Callable[[], QuerySet[User]]) -> None:
    WEEKLY[kind] = readers
    register_morning_job(DailyEmailJob(kind, HOUR, partial(emails, kind), unsaid=NOTHING))


def emails(kind: str, morning: DailyEmails) -> Iterator[OutgoingEmail]:
    for people in by_person(WEEKLY[kind](), "pk"):
        hours = hours_of([person.pk for person in people])
        for person in people:
            if letter := letter_to(kind, person, hours[person.pk], morning):
                yield letter


def all_leaders() -> QuerySet[User]:
    leading = Membership.objects.filter(role=Membership.Role.MANAGER).values("person")
    return User.objects.filter(pk__in=leading, is_active=True)


def letter_to(kind: str, person: User, hours: EmailHours, morning: DailyEmails) -> OutgoingEmail | None:
    """None if no Monday morning of the person is near."""
    monday = monday_near(hours, morning)
    if monday is None:
        return None
    opens = opening_of(monday, hours)
    next_at = hours.opens_at(max(opens, morning.at)) if morning.catches_up else opens
    return email_to(person, kind, key=f"{kind}:{person.pk}:{monday}", next_at=next_at)


def monday_near(hours: EmailHours, morning: DailyEmails) -> date | None:
    """The Monday whose morning begins within a day or began less than two days ago.

    An email queued earlier could be ended because there is nothing to say yet. Without catching up, the Monday whose
    morning begins on this day of the site.
    """
    today = morning.at.astimezone(hours.zone).date()
    this_monday = today - today.weekday() * DAY
    for monday in (this_monday + WEEK, this_monday):  # after a free week both open at once: the later one counts
        opens = opening_of(monday, hours)
        is_near = morning.at - CAUGHT_UP < opens <= morning.at + DAY
        if is_near if morning.catches_up else site_day(opens) == morning.day:
            return monday
    return None


def opening_of(monday: date, hours: EmailHours) -> datetime:
    """The start of the email hours on the first working day from this one on."""
    return hours.opens_at(datetime.combine(monday, OPENS, hours.zone))


def dashboard_of_reader(message: OutgoingEmail, at: datetime) -> EnrollmentQuerySet:
    led = Enrollment.objects.filter(learner__in=people_managed_by(message.person))
    return dashboard_of(published(led), at=at)


def asked_of_reader(message: OutgoingEmail, at: datetime) -> QuerySet[ExtensionRequest]:
    """Requests for another due date that wait for the reader, the oldest first."""
    led = published(Enrollment.objects.filter(learner__in=people_managed_by(message.person))).newest()
    return ExtensionRequest.objects.standing(at).filter(enrollment__in=led).order_by("pk")


def finished(board: EnrollmentQuerySet, at: datetime) -> QuerySet[Any, Any]:
    return board.filter(completed_at__gt=at - WEEK).order_by("learner__name", "pk")


def why_nothing(message: OutgoingEmail) -> str:
    at, language = now(), message.language or settings.LANGUAGE_CODE
    board = dashboard_of_reader(message, at)
    found = in_certification(board, State.OVERDUE, at), finished(board, at), asked_of_reader(message, at)
    is_any = any(each.exists() for each in found) or those_stuck(board, language, at).exists()
    return "" if is_any else NOTHING


def in_words(message: OutgoingEmail) -> dict[str, object]:
    at, language = timezone.now(), message.language or settings.LANGUAGE_CODE
    board = dashboard_of_reader(message, at)
    late = in_certification(board, State.OVERDUE, at)
    with translation.override(language):
        return {
            "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
            "asked": requests_text(asked_of_reader(message, at)),
            "late": some_of(late, language),
            "teams": by_team(message, late),
            "stuck": some_of(those_stuck(board, language, at), language),
            "finished": some_of(finished(board, at), language),
            "link": settings.SITE_URL.rstrip("/") + reverse("reporting:dashboard"),
        }


def requests_text(requests: QuerySet[ExtensionRequest]) -> dict[str, object]:
    """As `some_of`, and since when the oldest waits. Runs two queries, and two more if there are any."""
    number, keys = requests.count(), list(requests.values_list("pk", flat=True)[:NAMED])
    first = with_enrollments(keys) if keys else []
    named = [
        {
            "name": each.enrollment.learner.name,
            "title": course_title(each.enrollment.course),
            "day": day_text(each.day),
        }
        for each in first
    ]
    since = day_text(timezone.localdate(first[0].asked_at, first[0].enrollment.zone)) if first else ""
    return {"number": number, "since": since, "named": named, "others": number - len(named)}


def some_of(runs: Any, language: str) -> dict[str, object]:
    """Their number, the first of them, and how many others there are. Runs two queries."""
    named = [
        enrollment_text(run, language) for run in runs.with_release().select_related("learner").with_zone()[:NAMED]
    ]
    number = runs.count()
    return {"number": number, "named": named, "others": number - len(named)}


def enrollment_text(run: Enrollment, language: str) -> dict[str, str]:
    title = store.outline(run.release, language).title
    return {"name": run.learner.name, "title": title, "day": day_text(run.due_on) if run.due_on else ""}


def by_team(message: OutgoingEmail, late: QuerySet[Any, Any]) -> Sequence[tuple[str, int]]:
    """Teams and their numbers of overdue people, most first; empty for one team. Runs one query."""
    places = Membership.objects.filter(role=Membership.Role.LEARNER, team__in=teams_managed_by(message.person))
    places = places.filter(person__in=late.order_by().values("learner"))
    counted = places.values("team").annotate(number=Count("person", distinct=True))  # teams may have the same name
    found = counted.order_by("-number", "team__name", "team").values_list("team__name", "number")[:TEAMS_NAMED]
    return list(found) if len(found) > 1 else []
