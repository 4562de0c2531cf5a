"""The letter that asks a lead how people work some days after a course. Several of one morning are one letter."""

from collections.abc import Collection, Iterator
from datetime import datetime, time, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.leads import nearest_leads
from courseware.accounts.letters import LetterHours, hours_of
from courseware.accounts.models import User
from courseware.accounts.permissions import is_manager, people_managed_by
from courseware.assignments.models import Observation
from courseware.assignments.mornings import Morning, MorningJob, in_order
from courseware.assignments.observing import ObservationDue, runs_to_observe, sheets_now
from courseware.content.course_titles import course_title
from courseware.learning.due import day_in_words
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.outbox.kinds import LetterSort, MessageKind, one_by_one, register_kind
from courseware.outbox.models import Message
from courseware.outbox.telling import email_to

KIND = "observation"
CAUGHT_UP = timedelta(days=3)  # a day on which nobody looked is told by then
RUNS_AT_ONCE = 500  # in memory
NAMED = 10
LED_NO_MORE = gettext_noop("the reader leads none of them any more")
ANSWERED = gettext_noop("it was answered meanwhile")
NOT_HERE = gettext_noop("they are away or have left, or it is not asked any more")


def register_letter() -> None:
    questions = one_by_one(why_unwanted), one_by_one(in_words)
    template = "assignments/mail/observation.txt"
    words, sort = _("A look some days after a course"), LetterSort.SUBSCRIBED
    register_kind(KIND, MessageKind(words, template, *questions, sort, is_for=is_manager))


def emails(morning: Morning) -> Iterator[Message]:
    batches = newly_due(morning.at, CAUGHT_UP if morning.catches_up else timedelta(days=1))
    letters = (letter for runs, sheet in batches for letter in letters_about(runs, sheet, morning.at))
    yield from in_order(letters)


JOB = MorningJob(KIND, time(5, 25), emails)
ask_leads = JOB.run


def newly_due(at: datetime, since: timedelta) -> Iterator[tuple[list[Enrollment], str]]:
    for course, sheet in sheets_now():
        runs, last = runs_to_observe(course, sheet, site_day(at), since).order_by("pk"), 0
        while batch := list(runs.filter(pk__gt=last)[:RUNS_AT_ONCE]):
            last = batch[-1].pk
            yield batch, sheet.id


def letters_about(runs: Collection[Enrollment], sheet: str, at: datetime) -> list[Message]:
    leads = nearest_leads({run.learner_id for run in runs})
    hours = hours_of({lead.person_id for each in leads.values() for lead in each})
    return [
        letter_to(lead.person, run, sheet, hours[lead.person_id], at)
        for run in runs
        for lead in leads.get(run.learner_id, ())
    ]


def letter_to(lead: User, run: Enrollment, sheet: str, hours: LetterHours, at: datetime) -> Message:
    key = f"{KIND}:{run.pk}:{sheet}:{lead.pk}"
    return email_to(lead, KIND, key=key, data={"subjects": [[run.pk, sheet]]}, next_at=hours.opens_at(at))


def led_in(message: Message) -> set[int]:
    """Keys of the runs it tells of whose learners the reader leads still. Runs one query."""
    runs = Enrollment.objects.filter(pk__in=[run for run, _sheet in message.data["subjects"]])
    return set(runs.filter(learner__in=people_managed_by(message.person)).values_list("pk", flat=True))


def still_due(message: Message, led: Collection[int]) -> list[ObservationDue]:
    """In the language that is active; the earliest completion first."""
    found = []
    for course, sheet in sheets_now():
        told = [run for run, asked in message.data["subjects"] if asked == sheet.id and run in led]
        runs = runs_to_observe(course, sheet, site_day()).filter(pk__in=told)
        found += [ObservationDue(run, course, sheet) for run in runs.select_related("learner")]
    return sorted(found, key=lambda each: (each.run.completed_at, each.run.pk))


def why_unwanted(message: Message) -> str:
    led = led_in(message)
    if not led:
        return LED_NO_MORE
    if still_due(message, led):
        return ""
    people = Enrollment.objects.filter(pk__in=led).values("learner")
    return ANSWERED if Observation.objects.filter(enrollment__learner__in=people).exists() else NOT_HERE


def in_words(message: Message) -> dict[str, object]:
    language = message.language or settings.LANGUAGE_CODE
    with translation.override(language):
        due = still_due(message, led_in(message))
        named = [
            {
                "name": each.run.learner.name,
                "title": course_title(each.course, language),
                "day": day_in_words(site_day(each.run.completed_at)),
            }
            for each in due[:NAMED]
        ]
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "people": named,
        "number": len(due),
        "others": len(due[NAMED:]),
        "link": settings.SITE_URL.rstrip("/") + reverse("assignments:observations"),
    }
