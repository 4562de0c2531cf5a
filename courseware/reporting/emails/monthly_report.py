"""The monthly email with a link to the report about the month before."""

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
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails
from courseware.audit_log.record import record
from courseware.lib.dates import site_day
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_kind
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import opt_outs_of, resubscribe
from courseware.reporting.emails.samples import MONTHLY_REPORT

KIND = "monthly-report"
STOPPED = gettext_noop("the person has unsubscribed")
SEES_NOTHING = gettext_noop("the person can no longer see reports")


class MonthlyReportSubscription(models.Model):
    """A subscription."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return str(self.person)


def is_subscribed(person) -> bool:
    return MonthlyReportSubscription.objects.filter(person=person).exists() and KIND not in opt_outs_of(person)


def has_asked_for_it(person) -> bool:
    return MonthlyReportSubscription.objects.filter(person=person).exists() and sees_reports(person)


@transaction.atomic
def subscribe(person) -> None:
    """Subscribe a person, also one who has unsubscribed by the link in an email."""
    resubscribe(person, KIND)
    _report, is_new = MonthlyReportSubscription.objects.get_or_create(person=person)
    if is_new:
        record("monthly-report-subscribed", actor=person, subject=person)


@transaction.atomic
def unsubscribe(person) -> None:
    ended, _rows = MonthlyReportSubscription.objects.filter(person=person).delete()
    if ended:
        record("monthly-report-unsubscribed", actor=person, subject=person)


def register_monthly_email() -> None:
    template = "reporting/mail/monthly_report.txt"
    questions = one_by_one(why_not_wanted), one_by_one(month_text)
    words, sort = _("Monthly report"), EmailCategory.SUBSCRIBED
    kind = EmailType(words, template, *questions, sort, editable=MONTHLY_REPORT, is_for=has_asked_for_it)
    register_kind(KIND, kind)


def month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """To those who subscribed before the month was over: on the first day of a month, or caught up."""
    if morning.day.day > 1 and not morning.catches_up:
        return
    wanted = MonthlyReportSubscription.objects.filter(person__is_active=True)
    for report in wanted.select_related("person").order_by("person_id"):
        if site_day(report.made_at) < morning.day.replace(day=1) and sees_reports(report.person):
            yield letter_to(report, month_before(morning.day), morning.at)


JOB = DailyEmailJob(KIND, time(5, 35), emails)
tell_of_month = JOB.run


def letter_to(report: MonthlyReportSubscription, month: date, at: datetime) -> OutgoingEmail:
    data = {"month": month.isoformat()}
    return email_to(report.person, KIND, key=f"{KIND}:{report.person_id}:{month:%Y-%m}", data=data, next_at=at)


def why_not_wanted(message: OutgoingEmail) -> str:
    if not MonthlyReportSubscription.objects.filter(person=message.person_id).exists():
        return STOPPED
    return "" if sees_reports(message.person) else SEES_NOTHING


def month_text(message: OutgoingEmail) -> dict[str, object]:
    month = date.fromisoformat(message.data["month"])
    with translation.override(message.language or settings.LANGUAGE_CODE):
        words = date_format(month, "YEAR_MONTH_FORMAT")
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "month": words,
        "address": f"{settings.SITE_URL}{reverse('reporting:period')}?first={month:%Y-%m}&last={month:%Y-%m}",
    }
