"""Escalation: the optional email to the senior manager, or else to HR, about people 3 working days overdue."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import handles_people, is_manager, people_managed_by, people_visible_to
from courseware.accounts.permissions.roles import HR, people_with_role
from courseware.accounts.sign_in.emails import EmailHours, hours_of
from courseware.accounts.teams.managers import managers_of, senior_managers
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, in_order, schedule_emails
from courseware.assignments.reminders.daily_reminders import ASKS, DueReminder, Plans, asked_about, reminders_due
from courseware.assignments.reminders.schedules import is_escalated
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.models import Enrollment
from courseware.lib.dates import now
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.emails.samples import ESCALATION

KIND = "escalation"
AFTER = 3  # working days
SETTLED = gettext_noop("no person in this email is overdue any more, or the recipient no longer manages these people")
KEPT_BACK = (SETTLED, ASKS)
OFF = gettext_noop("the company has turned off this type of email")


def register() -> None:
    """Register the email and the daily job that queues it."""
    questions = one_by_one(why_unwanted), one_by_one(in_words)
    label, template = _("A course is overdue for 3 working days"), "reporting/mail/escalation.txt"
    category = EmailCategory.SUBSCRIBED
    register_email_type(
        KIND, EmailType(label, template, *questions, category, editable=ESCALATION, is_for=is_possible_recipient)
    )
    schedule_emails("escalate", _("Email senior managers about long-overdue courses"), JOB)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """Yield unsaved emails about `newly_late` enrollments, sorted by recipient and enrollment; none if turned off."""
    overdue = sorted(newly_late(morning), key=lambda each: each.run.pk) if is_escalated() else []
    yield from in_order(emails_about(overdue, morning.at) if overdue else ())


def newly_late(morning: DailyEmails) -> Iterator[DueReminder]:
    """Yield reminders about enrollments AFTER working days overdue on the day of `morning` or, if it catches up, on a
    missed day before; without enrollments that have an open extension request.
    """
    plans: Plans = {(key, None): [-AFTER] for key in Course.objects.values_list("pk", flat=True)}
    for overdue in reminders_due(morning, plans):
        asking = asked_about([each.run.pk for each in overdue])
        yield from (each for each in overdue if each.run.pk not in asking)


JOB = DailyEmailJob(KIND, time(5, 15), emails, again=KEPT_BACK)
escalate = JOB.run


def emails_about(overdue: Collection[DueReminder], at: datetime) -> list[OutgoingEmail]:
    """Return unsaved emails: per enrollment, to the senior managers of the learner or else to all others in HR."""
    learners = {each.run.learner_id for each in overdue}
    above = senior_managers(learners)
    recipients = {person: [manager.person for manager in managers] for person, managers in above.items()}
    if without_manager := learners - above.keys():
        hr = list(people_with_role(HR))
        recipients |= {person: [each for each in hr if each.pk != person] for person in without_manager}
    hours = hours_of({recipient.pk for found in recipients.values() for recipient in found})
    return [
        email_about(recipient, each, hours[recipient.pk], at)
        for each in overdue
        for recipient in recipients.get(each.run.learner_id, ())
    ]


def email_about(recipient: User, overdue: DueReminder, hours: EmailHours, at: datetime) -> OutgoingEmail:
    key = f"{KIND}:{overdue.run.pk}:{overdue.due_on}:{recipient.pk}"
    data = {"subjects": [[overdue.run.pk, overdue.due_on.isoformat()]]}
    return email_to(recipient, KIND, key=key, data=data, next_at=hours.opens_at(at))


def is_possible_recipient(person: User) -> bool:
    return is_manager(person) or handles_people(person)


def people_reported(recipient: Any) -> QuerySet:
    """Return people for `__in` lookups: for HR all others the recipient may see; for managers those they manage."""
    if handles_people(recipient):
        return people_visible_to(recipient).exclude(pk=recipient.pk)
    return people_managed_by(recipient)


def still_late(email: OutgoingEmail) -> list[Enrollment]:
    """Return the enrollments in the email that are still overdue with an unchanged due date, of people in
    `people_reported` who have not left, longest overdue first.
    """
    days = {(each, date.fromisoformat(day)) for each, day in email.data["subjects"]}
    found = Enrollment.objects.in_state(Enrollment.State.OVERDUE, now()).filter(pk__in=[each for each, _day in days])
    found = found.filter(learner__in=people_reported(email.person), learner__is_active=True).select_related("learner")
    return [
        each for each in found.with_zone().with_release().order_by("urgency", "pk") if (each.pk, each.due_on) in days
    ]


def enrollments_to_report(email: OutgoingEmail) -> tuple[list[Enrollment], str]:
    """Return (`still_late` enrollments without open extension request, reason to skip the email if there are none)."""
    overdue = still_late(email)
    asking = asked_about([enrollment.pk for enrollment in overdue])
    return [enrollment for enrollment in overdue if enrollment.pk not in asking], ASKS if overdue else SETTLED


def why_unwanted(email: OutgoingEmail) -> str:
    """Return why the email must not be sent any more (untranslated), or ""."""
    if not is_escalated():
        return OFF
    enrollments, why = enrollments_to_report(email)
    return "" if enrollments else why


def in_words(email: OutgoingEmail) -> dict[str, object]:
    """Return the template context: name, "late" (list of dicts: name, title, day, manager), days, is_for_hr, link."""
    enrollments, _why = enrollments_to_report(email)
    language = email.language or settings.LANGUAGE_CODE
    managers = managers_of({enrollment.learner_id for enrollment in enrollments})
    managed = set(people_managed_by(email.person).values_list("person", flat=True))
    with translation.override(language):
        overdue = [
            {
                "name": enrollment.learner.name,
                "title": store.outline(enrollment.release, language).title,
                "day": day_text(enrollment.due_on),
                "manager": managers[enrollment.learner_id].person.name if enrollment.learner_id in managers else "",
            }
            for enrollment in enrollments
        ]
    return {
        "name": email.person.name,  # type: ignore[union-attr]  # always has a recipient account
        "late": overdue,
        "days": AFTER,
        "is_for_hr": any(enrollment.learner_id not in managed for enrollment in enrollments),
        "link": settings.SITE_URL.rstrip("/") + reverse("reporting:dashboard"),
    }
