"""The monthly report by email: subscriptions, and the email with a link to the report about the previous month."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.permissions.permissions import sees_reports
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, schedule_emails
from courseware.audit_log.record import record
from courseware.lib.dates import site_day
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import opt_outs_of, resubscribe
from courseware.reporting.emails.samples import MONTHLY_REPORT

KIND = "monthly-report"
STOPPED = gettext_noop("the recipient has unsubscribed")
SEES_NOTHING = gettext_noop("the recipient can no longer see reports")


class MonthlyReportSubscription(models.Model):
    """A person who wants the monthly report. An opt-out by email link leaves the row in place."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return str(self.person)


def is_subscribed(person) -> bool:
    """Return whether the person has subscribed and has not opted out by an email link."""
    return MonthlyReportSubscription.objects.filter(person=person).exists() and KIND not in opt_outs_of(person)


def has_asked_for_it(person) -> bool:
    """Return whether the person has subscribed, even if opted out by an email link, and may see reports."""
    return MonthlyReportSubscription.objects.filter(person=person).exists() and sees_reports(person)


@transaction.atomic
def subscribe(person) -> None:
    """Subscribe a person and log it; undo an opt-out by email link."""
    resubscribe(person, KIND)
    _report, is_new = MonthlyReportSubscription.objects.get_or_create(person=person)
    if is_new:
        record("monthly-report-subscribed", actor=person, subject=person)


@transaction.atomic
def unsubscribe(person) -> None:
    ended, _rows = MonthlyReportSubscription.objects.filter(person=person).delete()
    if ended:
        record("monthly-report-unsubscribed", actor=person, subject=person)


def register() -> None:
    """Register the email and the daily job that queues it."""
    template = "reporting/mail/monthly_report.txt"
    questions = one_by_one(why_not_wanted), one_by_one(month_text)
    label, category = _("Monthly report"), EmailCategory.SUBSCRIBED
    kind = EmailType(label, template, *questions, category, editable=MONTHLY_REPORT, is_for=has_asked_for_it)
    register_email_type(KIND, kind)
    schedule_emails("queue-monthly-reports", _("Create the emails with the report for the previous month"), JOB)


def month_before(day: date) -> date:
    """Return the first day of the month before that of `day`."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """On the 1st, or when catching up, yield unsaved emails to subscribers since before this month who see reports."""
    if morning.day.day > 1 and not morning.catches_up:
        return
    subscriptions = MonthlyReportSubscription.objects.filter(person__is_active=True)
    for subscription in subscriptions.select_related("person").order_by("person_id"):
        if site_day(subscription.made_at) < morning.day.replace(day=1) and sees_reports(subscription.person):
            yield monthly_email(subscription, month_before(morning.day), morning.at)


JOB = DailyEmailJob(KIND, time(5, 35), emails)
send_monthly_reports = JOB.run


def monthly_email(subscription: MonthlyReportSubscription, month: date, at: datetime) -> OutgoingEmail:
    data = {"month": month.isoformat()}
    return email_to(
        subscription.person, KIND, key=f"{KIND}:{subscription.person_id}:{month:%Y-%m}", data=data, next_at=at
    )


def why_not_wanted(email: OutgoingEmail) -> str:
    """Return why the email must not be sent any more (untranslated), or ""."""
    if not MonthlyReportSubscription.objects.filter(person=email.person_id).exists():
        return STOPPED
    return "" if sees_reports(email.person) else SEES_NOTHING


def month_text(email: OutgoingEmail) -> dict[str, object]:
    """Return the template context of a monthly report: name, month (text), address (URL of the report)."""
    month = date.fromisoformat(email.data["month"])
    with translation.override(email.language or settings.LANGUAGE_CODE):
        text = date_format(month, "YEAR_MONTH_FORMAT")
    return {
        "name": email.person.name,  # type: ignore[union-attr]  # always has a recipient account
        "month": text,
        "address": f"{settings.SITE_URL}{reverse('reporting:period')}?first={month:%Y-%m}&last={month:%Y-%m}",
    }
