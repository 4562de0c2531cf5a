"""Daily email jobs. Each job creates one type of email in the morning."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from courseware.accounts.calendar.working_days import DAY, calendar_of
from courseware.jobs.schedule import Daily, schedule
from courseware.lib.dates import site_day
from courseware.lib.db.chunks import batches
from courseware.notifications.email.queue import queue_once
from courseware.notifications.models import OutgoingEmail

PEOPLE_AT_ONCE = 200
EMAILS_AT_ONCE = 500  # in memory


@dataclass(frozen=True)
class DailyEmails:
    """Date and time (aware) of a run of the jobs. `catches_up`: also emails that earlier mornings missed."""

    day: date
    at: datetime
    catches_up: bool = True


@dataclass(frozen=True)
class DailyEmailJob:
    """A type of email that a job creates each morning. `emails` yields unsaved emails by recipient id.
    Emails with a reason in `why` are not written. Emails skipped for a reason in `again` are queued again.
    `unsaid`: a preview hides emails skipped for this reason.
    """

    kind: str
    hour: time  # in the site's time zone
    emails: Callable[[DailyEmails], Iterator[OutgoingEmail]]
    again: Collection[str] = ()
    unsaid: str = ""

    def write(self, day: date | None = None, at: datetime | None = None) -> int:
        """Queue emails of `day` (default: today), also missed ones, at `at` (default: now). Return how many."""
        at = at or timezone.now()
        emails = self.emails(DailyEmails(day or site_day(at), at))
        written = (email for email in emails if not email.why)
        return sum(queue_once(batch, again=self.again) for batch in batches(written, EMAILS_AT_ONCE))

    def run(self, day: date | None = None) -> str:
        return summary(self.write(day))


MORNING_JOBS: dict[str, DailyEmailJob] = {}  # by email type


def register_morning_job(job: DailyEmailJob) -> None:
    MORNING_JOBS[job.kind] = job


def schedule_emails(name: str, words: str | Promise, job: DailyEmailJob) -> None:
    """Schedule the job under `name`, with the label `words`, and register it for previews."""
    schedule(name, words, job.run, Daily(job.hour))
    register_morning_job(job)


def summary(written: int) -> str:
    return f"emails: {written}" if written else ""


def by_person(rows: QuerySet[Any, Any], person: str) -> Iterator[list[Any]]:
    """Yield lists of rows, with all rows of up to 200 people each, by person id, then row id. `person`: name of the
    column with the person id; rows without a person are skipped.
    """
    keys, after = rows.order_by(person).values_list(person, flat=True).distinct(), 0
    while people := list(keys.filter(**{f"{person}__gt": after})[:PEOPLE_AT_ONCE]):
        after = people[-1]
        yield list(rows.filter(**{f"{person}__in": people}).order_by(person, "pk"))


def in_order(emails: Iterable[OutgoingEmail]) -> Iterator[OutgoingEmail]:
    """Yield the emails by recipient id. Each must have a person. Holds all emails in memory."""
    yield from sorted(emails, key=attrgetter("person_id"))


def mornings_before(day: date) -> list[tuple[date, bool]]:
    """Return (date, catches up) of each morning whose emails leave on `day`: of `day`, and of the site's days off
    directly before it, but not before the next morning, which alone catches up. [(day, True)] if `day` is not after
    that morning.
    """
    hours = [job.hour for job in MORNING_JOBS.values()]
    coming = site_day(Daily(max(hours)).after(timezone.now()))
    if day <= max(coming, site_day()):
        return [(day, True)]
    calendar, days = calendar_of(None), [day]
    while days[0] > coming and not calendar.is_working(days[0] - DAY):
        days.insert(0, days[0] - DAY)
    return [(each, each == coming) for each in days]
