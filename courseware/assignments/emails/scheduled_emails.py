"""Preview of scheduled emails: which emails leave on a day, to whom and when, or why not. Nothing is stored."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import groupby
from operator import attrgetter, itemgetter
from time import sleep
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django_tasks_db.compat import TaskResultStatus

from courseware.accounts.calendar.working_days import DAY
from courseware.accounts.models import User
from courseware.assignments.emails.daily_email_jobs import (
    MORNING_JOBS,
    DailyEmailJob,
    DailyEmails,
    by_person,
    mornings_before,
)
from courseware.jobs.tasks import RetryLater, is_stopping, newest_request, task
from courseware.jobs.worker import COMES_BACK
from courseware.lib.dates import at_time
from courseware.lib.db.chunks import batches
from courseware.notifications.email.delivery import preview_round
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory, email_types_of
from courseware.notifications.email.queue import queue_once
from courseware.notifications.models import DeliveryState, OutgoingEmail

SORTS = (EmailCategory.TRAINING, EmailCategory.SUBSCRIBED)
TOGETHER = "combined with another email"
PEOPLE_AT_ONCE = 10  # per transaction, which blocks other writers on SQLite
PAUSE = 0.12  # seconds between transactions: a writer waiting for SQLite's lock retries every 0.1 seconds


@dataclass(frozen=True)
class ExpectedEmail:
    """An email in the preview. `leaves_at` is None if it does not leave on the day; `why_not` says why."""

    message: OutgoingEmail
    leaves_at: datetime | None = None
    why_not: str = ""

    @property
    def words(self) -> str | Promise:
        return self.message.words

    @property
    def name(self) -> str:
        return str(self.message.person)


@dataclass(frozen=True)
class PlannedEmail:
    job: DailyEmailJob
    at: datetime
    message: OutgoingEmail


PersonWithEmails = tuple[int, list[PlannedEmail]]  # person id and emails


def preview_emails(day: date) -> Iterator[ExpectedEmail]:
    """Yield the emails, waiting or not yet written, that leave or are skipped on `day`; by person id."""
    coming = ScheduledEmails(day)
    for _person, foreseen in coming.foresee(coming.people()):
        yield from foreseen


class ScheduledEmails:
    """The emails of `day`. Only `foresee` writes, in transactions that are rolled back."""

    def __init__(self, day: date) -> None:
        self.zone = timezone.get_default_timezone()
        self.begins, self.ends = (datetime.combine(each, time.min, self.zone) for each in (day, day + DAY))
        now = timezone.now()
        self.day, self.now = day, now if now < self.ends else self.begins
        kinds = [name for sort in SORTS for name in email_types_of(sort)]
        self.waiting = OutgoingEmail.objects.filter(state=DeliveryState.QUEUED, kind__in=kinds)

    def foresee(self, people: Iterable[PersonWithEmails]) -> Iterator[tuple[int, list[ExpectedEmail]]]:
        """Yield (person id, expected emails) for each of `people`, a result of `people()` or a part of it."""
        for number, some in enumerate(batches(people, PEOPLE_AT_ONCE)):
            if number and connection.vendor == "sqlite":
                sleep(PAUSE)
            found = self.outcome(dict(some))
            for person, _planned in some:
                yield person, [each for each in found if each.message.person_id == person]

    def people(self) -> Iterator[PersonWithEmails]:
        """Yield (id, emails that jobs would write) of people who might get an email, ordered by id."""
        streams = [self.people_with_queued()]
        for day, catches_up in mornings_before(self.day):
            for job in sorted(MORNING_JOBS.values(), key=attrgetter("hour")):
                morning = DailyEmails(day, datetime.combine(day, job.hour, self.zone), catches_up)
                streams.append(self.planned(job, morning))
        for person, found in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
            yield person, [planned for _person, planned in found if planned]

    def people_with_queued(self) -> Iterator[tuple[int, PlannedEmail | None]]:
        for messages in by_person(self.waiting.exclude(person=None), "person_id"):
            yield from ((message.person_id, None) for message in messages)

    def planned(self, job: DailyEmailJob, morning: DailyEmails) -> Iterator[tuple[int, PlannedEmail | None]]:
        for message in job.emails(morning):
            message.why = ""  # delivery decides again
            if message.person_id:
                yield message.person_id, PlannedEmail(job, morning.at, message)

    def outcome(self, plans: Mapping[int, Collection[PlannedEmail]]) -> list[ExpectedEmail]:
        """Write and deliver the emails of `plans` (person id → emails), roll back, and return what was expected."""
        with rolled_back():
            # Lock in the same order as other transactions, to avoid deadlocks.
            list(self.waiting.filter(person__in=plans).select_for_update(no_key=True).order_by("pk").values_list("pk"))
            asked = self.deliver(plans)
            rows = OutgoingEmail.objects.filter(Q(pk__in=asked) | Q(combined_into__in=asked)).select_related("person")
            return [line for message in sorted(rows, key=order_of) if (line := self.line(message))]

    def deliver(self, plans: Mapping[int, Collection[PlannedEmail]]) -> set[int]:
        """Write and deliver `plans` (person id → emails) until the day ends. Return ids of emails that were tried."""
        to_write = sorted((each for own in plans.values() for each in own), key=attrgetter("at"))
        queued, asked, at = self.waiting.filter(person__in=plans), set(), self.now
        while at < self.ends:
            with at_time(at):
                for job, planned in groupby((each for each in to_write if each.at <= at), key=attrgetter("job")):
                    queue_once([each.message for each in planned], again=job.again)
                asked |= deliver_due(queued, at)
            to_write = [each for each in to_write if each.at > at]
            following = queued.aggregate(first=Min("next_at"))["first"]
            at = min([each.at for each in to_write[:1]] + [following or self.ends])
        return asked

    def line(self, message: OutgoingEmail) -> ExpectedEmail | None:
        """Return the expected email; None if it ended before the day, if it waits without a reason, or if its reason is
        the `unsaid` of its job.
        """
        unsaid = MORNING_JOBS[message.kind].unsaid if message.kind in MORNING_JOBS else ""
        if message.ended_at is None:
            why = message.why
            if unsaid:
                with at_time(message.next_at):
                    why = why if EMAIL_TYPES[message.kind].why_unwanted([message])[message.pk] != unsaid else ""
            return ExpectedEmail(message, None, why) if why else None
        if message.ended_at < self.begins:
            return None
        if message.state == DeliveryState.SENT:
            return ExpectedEmail(message, message.ended_at)
        why = TOGETHER if message.combined_into_id else message.why
        return ExpectedEmail(message, None, why) if why != unsaid else None


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def deliver_due(queued: QuerySet[OutgoingEmail], at: datetime) -> set[int]:
    """Deliver `queued` emails until none is due at `at`. Return the ids that were tried."""
    due, asked, before = queued.filter(next_at__lte=at).order_by("next_at", "pk"), set(), list[int]()
    while (keys := list(due.values_list("pk", flat=True))) != before:
        asked |= preview_round(keys)
        before = keys
    return asked


def order_of(message: OutgoingEmail) -> tuple[object, ...]:
    """Return the sort key: category; ended before waiting; time; an email before those combined into it."""
    waits = message.ended_at is None
    sort, at = SORTS.index(EMAIL_TYPES[message.kind].sort), message.next_at if waits else message.ended_at
    return sort, waits, at, message.combined_into_id or message.pk, bool(message.combined_into_id), message.pk


SHOWN_FOR = timedelta(minutes=10)
PEOPLE_IN_MEMORY = 200

Row = Sequence[Any]  # person id, email type, sending time or None, why not


class PreparedPreview(NamedTuple):
    at: datetime
    rows: Sequence[Row]

    def foreseen(self) -> Iterator[tuple[int, list[ExpectedEmail]]]:
        """Yield (person id, expected emails), by id, without people deleted since."""
        by_person = ((person, list(rows)) for person, rows in groupby(self.rows, key=itemgetter(0)))
        for some in batches(by_person, PEOPLE_IN_MEMORY):
            people = User.objects.in_bulk([person for person, _rows in some])
            for key, rows in some:
                if person := people.get(key):
                    yield key, [foreseen_of(row, person) for row in rows]


class PreviewFailed(Exception):
    """The worker could not prepare the preview."""


@task
def prepare_preview(day: str) -> list[Row]:
    """Task: return the rows of the preview of `day` (ISO date). Raise RetryLater if the worker stops."""
    rows: list[Row] = []
    for each in preview_emails(date.fromisoformat(day)):
        if is_stopping():
            raise RetryLater
        leaves_at = each.leaves_at and each.leaves_at.isoformat()
        rows.append([each.message.person_id, each.message.kind, leaves_at, each.why_not])
    return rows


def prepared_preview(day: date) -> PreparedPreview | None:
    """Return the preview prepared within SHOWN_FOR; else queue the task that prepares it, if none waits, and return
    None. Raise PreviewFailed if the last task failed.
    """
    request = newest_request(prepare_preview, [str(day)])
    if request and (request.finished_at is None or request.finished_at > timezone.now() - SHOWN_FOR):
        if request.status == TaskResultStatus.FAILED and request.exception_class_path not in COMES_BACK:
            raise PreviewFailed(request.exception_class_path)
        rows = request.return_value
        return None if rows is None or request.finished_at is None else PreparedPreview(request.finished_at, rows)
    prepare_preview.enqueue(str(day))
    return None


def foreseen_of(row: Row, person: User) -> ExpectedEmail:
    _key, kind, leaves_at, why_not = row
    return ExpectedEmail(OutgoingEmail(kind=kind, person=person), leaves_at and parse_datetime(leaves_at), why_not)
