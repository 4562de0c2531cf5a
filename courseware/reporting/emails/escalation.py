"""The optional email about people three working days overdue, to the manager above, otherwise to HR."""

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
from courseware.accounts.permissions.roles import HR, in_office
from courseware.accounts.sign_in.emails import EmailHours, hours_of
from courseware.accounts.teams.managers import managers_of, next_level
from courseware.assignments.emails.daily_email_jobs import DailyEmailJob, DailyEmails, in_order
from courseware.assignments.reminders.daily_reminders import ASKS, DueReminder, Plans, asked_about, reminders_due
from courseware.assignments.reminders.schedules import is_escalated
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.models import Enrollment
from courseware.lib.dates import now
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_kind
from courseware.notifications.email.queue import email_to
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.emails.samples import ESCALATION

KIND = "escalation"
AFTER = 3  # working days
SETTLED = gettext_noop("none of these people is overdue any more, or the recipient no longer manages them")
KEPT_BACK = (SETTLED, ASKS)
OFF = gettext_noop("the company has turned it off")


def register_email() -> None:
    questions = one_by_one(why_unwanted), one_by_one(in_words)
    words, template = _("Overdue for 3 working days"), "reporting/mail/escalation.txt"
    sort = EmailCategory.SUBSCRIBED
    register_kind(KIND, EmailType(words, template, *questions, sort, editable=ESCALATION, is_for=is_reader))


def emails(morning: DailyEmails) -> Iterator[OutgoingEmail]:
    """Each enrollment, due date and reader has a key. Those to one reader are in the order of the enrollments."""
    late = sorted(newly_late(morning), key=lambda each: each.run.pk) if is_escalated() else []
    yield from in_order(emails_about(late, morning.at) if late else ())


def newly_late(morning: DailyEmails) -> Iterator[DueReminder]:
    """Enrollments overdue for AFTER working days since today or a day missed; not while a request for time waits."""
    plans: Plans = {(key, None): [-AFTER] for key in Course.objects.values_list("pk", flat=True)}
    for late in reminders_due(morning, plans):
        asking = asked_about([each.run.pk for each in late])
        yield from (each for each in late if each.run.pk not in asking)


JOB = DailyEmailJob(KIND, time(5, 15), emails, again=KEPT_BACK)
escalate = JOB.run


def emails_about(late: Collection[DueReminder], at: datetime) -> list[OutgoingEmail]:
    learners = {each.run.learner_id for each in late}
    above = next_level(learners)
    told = {person: [lead.person for lead in leads] for person, leads in above.items()}
    if alone := learners - above.keys():
        hr = list(in_office(HR))
        told |= {person: [each for each in hr if each.pk != person] for person in alone}
    hours = hours_of({reader.pk for readers in told.values() for reader in readers})
    return [
        letter_to(reader, each, hours[reader.pk], at) for each in late for reader in told.get(each.run.learner_id, ())
    ]


def letter_to(reader: User, late: DueReminder, hours: EmailHours, at: datetime) -> OutgoingEmail:
    key = f"{KIND}:{late.run.pk}:{late.due_on}:{reader.pk}"
    data = {"subjects": [[late.run.pk, late.due_on.isoformat()]]}
    return email_to(reader, KIND, key=key, data=data, next_at=hours.opens_at(at))


def is_reader(person: User) -> bool:
    return is_manager(person) or handles_people(person)


def people_reported(reader: Any) -> QuerySet:
    """The people this reader is told about: for HR all it sees, without the reader; for managers those they lead."""
    if handles_people(reader):
        return people_visible_to(reader).exclude(pk=reader.pk)
    return people_managed_by(reader)


def still_late(message: OutgoingEmail) -> list[Enrollment]:
    """The enrollments of the email that are still overdue, the longest overdue first."""
    days = {(run, date.fromisoformat(day)) for run, day in message.data["subjects"]}
    runs = Enrollment.objects.in_state(Enrollment.State.OVERDUE, now()).filter(pk__in=[run for run, _day in days])
    runs = runs.filter(learner__in=people_reported(message.person), learner__is_active=True).select_related("learner")
    return [run for run in runs.with_zone().with_release().order_by("urgency", "pk") if (run.pk, run.due_on) in days]


def to_be_told(message: OutgoingEmail) -> tuple[list[Enrollment], str]:
    """Those of them without a waiting request, and why the email leaves out the others."""
    late = still_late(message)
    asking = asked_about([run.pk for run in late])
    return [run for run in late if run.pk not in asking], ASKS if late else SETTLED


def why_unwanted(message: OutgoingEmail) -> str:
    if not is_escalated():
        return OFF
    runs, why = to_be_told(message)
    return "" if runs else why


def in_words(message: OutgoingEmail) -> dict[str, object]:
    runs, _why = to_be_told(message)
    language = message.language or settings.LANGUAGE_CODE
    leads = managers_of({run.learner_id for run in runs})
    led = set(people_managed_by(message.person).values_list("person", flat=True))
    with translation.override(language):
        late = [
            {
                "name": run.learner.name,
                "title": store.outline(run.release, language).title,
                "day": day_text(run.due_on),
                "lead": leads[run.learner_id].person.name if run.learner_id in leads else "",
            }
            for run in runs
        ]
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "late": late,
        "days": AFTER,
        "is_for_hr": any(run.learner_id not in led for run in runs),
        "link": settings.SITE_URL.rstrip("/") + reverse("reporting:dashboard"),
    }
