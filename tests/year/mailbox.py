"""Emails the mail server received, with the state of the recipient at that time, and rules for all of them.

The rules of notifications, written again independently of the product and of the model."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.core import mail
from django.utils import timezone

from courseware.accounts.models import Membership
from courseware.learning.models import Enrollment
from courseware.notifications.models import OutgoingEmail
from tests.year.model_calendar import SITE
from tests.year.model_people import ABROAD, ABROAD_CENTRES, CENTRES, CHINA

TRAINING = {"enrolled", "renewal-open", "arrival", "reminder", "certificate-ending", "lesson-changed"}
SUBSCRIPTION = {"digest", "escalation", "monthly-report"}
ASKS = {"enrolled", "renewal-open", "reminder"}
CHINESE = re.compile("[一-龥]")
DAYS = timedelta(days=13)  # before a day: 14 days with it


@dataclass(frozen=True)
class ReceivedEmail:
    """An email as sent. `local` is the local time of its recipient."""

    number: UUID
    kind: str
    reader: int
    local: datetime
    is_working_day: bool
    is_here: bool
    has_to_learn: bool
    language: str
    said_in: str


class Mailbox:
    def __init__(self):
        self.handed, self.by_number, self.twice = [], {}, 0

    def take_in(self):
        emails, mail.outbox[:] = list(mail.outbox), []
        if not emails:
            return
        numbers = [number_of(email) for email in emails]
        rows = {row.number: row for row in OutgoingEmail.objects.filter(number__in=numbers).select_related("person")}
        readers = [row.person_id for row in rows.values()]
        teams = dict(Membership.objects.filter(person__in=readers).values_list("person", "team__name"))
        learning = set(Enrollment.objects.open().filter(learner__in=readers).values_list("learner", flat=True))
        for number, email in zip(numbers, emails, strict=True):
            row = rows[number]
            if number in self.by_number:  # a worker died before it had stored that the email was accepted
                self.twice += 1
                continue
            self.by_number[number] = handed = handed_over(row, email, teams.get(row.person_id), learning)
            self.handed.append(handed)

    def first(self, message):
        return self.by_number[message.number]

    def broken_rules(self):
        """Yield broken rules as text."""
        sent = set(OutgoingEmail.objects.filter(state="sent").values_list("number", flat=True))
        yield from (f"{each} was sent, and nobody got it" for each in sent - self.by_number.keys())
        yield from (f"{each} was got, and is not noted as sent" for each in self.by_number.keys() - sent)
        for each in self.handed:
            yield from (f"{why}: {each}" for why in why_not(each))
        for sort, most in ((TRAINING, 3), (SUBSCRIPTION, None)):
            days = defaultdict(list)
            for each in self.handed:
                if each.kind in sort:
                    days[each.reader].append(each.local.date())
            for reader, own in days.items():
                yield from (f"{why}: reader {reader}" for why in too_many(sorted(own), most))


def number_of(email):
    return UUID(email.extra_headers["Message-ID"].strip("<>").partition("@")[0])


def handed_over(row, email, team, learning):
    local = timezone.now().astimezone(CENTRES.get(team, SITE))
    calendar = ABROAD if team in ABROAD_CENTRES else CHINA
    return ReceivedEmail(
        row.number, row.kind, row.person_id, local, calendar.is_worked(local.date()), row.person.is_active,
        row.person_id in learning, email.extra_headers["Content-Language"],
        "zh-Hans" if CHINESE.search(email.subject) else "en",
    )  # fmt: skip


def why_not(email):
    if email.said_in != email.language:
        yield "in another language than it says"
    if email.kind in TRAINING | SUBSCRIPTION:
        if not 8 <= email.local.hour < 20 or not email.is_working_day:
            yield "at no hour of emails"
        if not email.is_here:
            yield "to who has left"
    if email.kind in ASKS and not email.has_to_learn:
        yield "asks of who has nothing to do"


def too_many(days, most):
    for before, day in pairwise(days):
        if before == day:
            yield f"two on {day}"
    if most:
        for first, fourth in zip(days, days[most:], strict=False):
            if fourth - first <= DAYS:
                yield f"four from {first} to {fourth}"
