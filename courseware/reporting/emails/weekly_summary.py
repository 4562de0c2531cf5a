"""The weekly summary for managers on Monday morning: open requests, and overdue, stuck and finished people."""

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
from courseware.jobs.schedule import Daily, schedule
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.models import Enrollment, EnrollmentQuerySet, ExtensionRequest
from courseware.learning.status.states import State
from courseware.lib.dates import now, site_day
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.dashboard.rows import dashboard_of, filter_by_status, published, stuck_rows
from courseware.reporting.emails.samples import WEEKLY_SUMMARY
from courseware.reporting.today.learner_requests import with_enrollments

KIND = "digest"
HOUR = time(5, 30)
NAMED = 5  # people in each list
TEAMS_NAMED = 10
DAY, WEEK = timedelta(days=1), timedelta(days=7)
CAUGHT_UP = 2 * DAY  # how late a missed Monday's email may be queued
NOTHING = gettext_noop("nobody is overdue or stuck, and nobody has finished a course")
WEEKLY: dict[str, Callable[[], QuerySet[User]]] = {}  # email type → query of its recipients


def register() -> None:
    """Register the email, and the job that queues all weekly emails."""
    register_weekly(KIND, all_managers)
    questions = one_by_one(why_nothing), one_by_one(in_words)
    label, template = _("Your team this week"), "reporting/mail/weekly_summary.txt"
    category = EmailCategory.SUBSCRIBED
    register_email_type(
        KIND, EmailType(label, template, *questions, category, editable=WEEKLY_SUMMARY, is_for=is_manager)
    )
    words = _("Create the weekly emails to managers and HR")
    schedule("queue-weekly-summaries", words, queue_weekly_summaries, Daily(HOUR))


def queue_weekly_summaries(at: datetime | None = None) -> str:
    """Queue the weekly emails to managers and HR that are due; return a summary for the job log."""
    return summary(sum(MORNING_JOBS[kind].write(at=at) for kind in WEEKLY))


def register_weekly(kind: str, recipients: Callable[[], QuerySet[User]]) -> None:
    """Register a weekly email type and its morning job. `recipients`: function that returns the query of recipients."""
    WEEKLY[kind] = recipients
    register_morning_job(DailyEmailJob(kind, HOUR, partial(emails, kind), unsaid=NOTHING))


def emails(kind: str, morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """Yield unsaved emails of this type (key of WEEKLY), by recipient id, to recipients with a `monday_near`."""
    for people in by_person(WEEKLY[kind](), "pk"):
        hours = hours_of([person.pk for person in people])
        for person in people:
            if email := weekly_email(kind, person, hours[person.pk], morning):
                yield email


def all_managers() -> QuerySet[User]:
    managers = Membership.objects.filter(role=Membership.Role.MANAGER).values("person")
    return User.objects.filter(pk__in=managers, is_active=True)


def weekly_email(kind: str, person: User, hours: EmailHours, morning: DailyEmails) -> OutgoingEmail | None:
    """Return an unsaved email, or None without a `monday_near`. `hours`: of `person`."""
    monday = monday_near(hours, morning)
    if monday is None:
        return None
    opens = opening_of(monday, hours)
    next_at = hours.opens_at(max(opens, morning.at)) if morning.catches_up else opens
    return email_to(person, kind, key=f"{kind}:{person.pk}:{monday}", next_at=next_at)


def monday_near(hours: EmailHours, morning: DailyEmails) -> date | None:
    """Return the Monday whose morning begins within 1 day or began less than 2 days ago, or None. Without catching up,
    the morning must begin on `morning.day` in the site's time zone.
    """
    today = morning.at.astimezone(hours.zone).date()
    this_monday = today - today.weekday() * DAY
    for monday in (this_monday + WEEK, this_monday):  # after a week off both open at once: the later counts
        opens = opening_of(monday, hours)
        is_near = morning.at - CAUGHT_UP < opens <= morning.at + DAY
        if is_near if morning.catches_up else site_day(opens) == morning.day:
            return monday
    return None


def opening_of(monday: date, hours: EmailHours) -> datetime:
    """Return the start of the sending hours on the first working day from `monday` on."""
    return hours.opens_at(datetime.combine(monday, OPENS, hours.zone))


def dashboard_of_reader(email: OutgoingEmail, at: datetime) -> EnrollmentQuerySet:
    """Return the dashboard rows of the people the recipient manages."""
    managed = Enrollment.objects.filter(learner__in=people_managed_by(email.person))
    return dashboard_of(published(managed), at=at)


def asked_of_reader(email: OutgoingEmail, at: datetime) -> QuerySet[ExtensionRequest]:
    """Return open extension requests of people the recipient manages, oldest first."""
    managed = published(Enrollment.objects.filter(learner__in=people_managed_by(email.person))).newest()
    return ExtensionRequest.objects.open_at(at).filter(enrollment__in=managed).order_by("pk")


def finished(rows: EnrollmentQuerySet, at: datetime) -> QuerySet[Any, Any]:
    """Return the rows completed in the 7 days before `at`, by name."""
    return rows.filter(completed_at__gt=at - WEEK).order_by("learner__name", "pk")


def why_nothing(email: OutgoingEmail) -> str:
    """Return why the email must not be sent (untranslated), or "" if there is anything to report."""
    at, language = now(), email.language or settings.LANGUAGE_CODE
    rows = dashboard_of_reader(email, at)
    found = filter_by_status(rows, State.OVERDUE, at), finished(rows, at), asked_of_reader(email, at)
    is_any = any(each.exists() for each in found) or stuck_rows(rows, language, at).exists()
    return "" if is_any else NOTHING


def in_words(email: OutgoingEmail) -> dict[str, object]:
    """Return the template context: name, asked, late, stuck, finished (see `some_of`), teams, link."""
    at, language = timezone.now(), email.language or settings.LANGUAGE_CODE
    rows = dashboard_of_reader(email, at)
    overdue = filter_by_status(rows, State.OVERDUE, at)
    with translation.override(language):
        return {
            "name": email.person.name,  # type: ignore[union-attr]  # always has a recipient account
            "asked": requests_text(asked_of_reader(email, at)),
            "late": some_of(overdue, language),
            "teams": by_team(email, overdue),
            "stuck": some_of(stuck_rows(rows, language, at), language),
            "finished": some_of(finished(rows, at), language),
            "link": settings.SITE_URL.rstrip("/") + reverse("reporting:dashboard"),
        }


def requests_text(requests: QuerySet[ExtensionRequest]) -> dict[str, object]:
    """Return as `some_of`, and the date of the oldest request as "since". Runs 2 queries, 2 more if there are any."""
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


def some_of(enrollments: Any, language: str) -> dict[str, object]:
    """Return "number", "named" (first NAMED: name, title, day) and "others" (number of the rest). Runs 2 queries."""
    named = [
        enrollment_text(enrollment, language)
        for enrollment in enrollments.with_release().select_related("learner").with_zone()[:NAMED]
    ]
    number = enrollments.count()
    return {"number": number, "named": named, "others": number - len(named)}


def enrollment_text(enrollment: Enrollment, language: str) -> dict[str, str]:
    title = store.outline(enrollment.release, language).title
    return {
        "name": enrollment.learner.name,
        "title": title,
        "day": day_text(enrollment.due_on) if enrollment.due_on else "",
    }


def by_team(email: OutgoingEmail, overdue: QuerySet[Any, Any]) -> Sequence[tuple[str, int]]:
    """Return (team name, overdue people) of up to TEAMS_NAMED teams, most first; [] for a single team. Runs 1 query."""
    memberships = Membership.objects.filter(role=Membership.Role.LEARNER, team__in=teams_managed_by(email.person))
    memberships = memberships.filter(person__in=overdue.order_by().values("learner"))
    counted = memberships.values("team").annotate(number=Count("person", distinct=True))  # teams may have the same name
    found = counted.order_by("-number", "team__name", "team").values_list("team__name", "number")[:TEAMS_NAMED]
    return list(found) if len(found) > 1 else []
