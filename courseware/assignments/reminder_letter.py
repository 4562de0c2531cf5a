"""The letter that reminds of a due day: what comes next, by when, who asks, and when it ends by itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.assignments.example_letters import REMINDER
from courseware.content.compiled import serving
from courseware.journey.next_act import Journey, journeys
from courseware.learning.course_letter import signers_of
from courseware.learning.day_requests import DayRequest
from courseware.learning.due import day_in_words
from courseware.learning.models import Enrollment
from courseware.learning.not_asked import PERSON_OR_COURSE
from courseware.lib.dates import now
from courseware.outbox.kinds import LetterSort, MessageKind, register_kind
from courseware.outbox.models import Message

KIND = "reminder"
# Less than a day: who was reminded late in the morning may be reminded on the next one early.
APART = timedelta(hours=20)
GONE, ANOTHER_DAY = (
    gettext_noop("what it reminds of was finished, excused or merged meanwhile"),
    gettext_noop("another due day was given meanwhile"),
)
REMINDED = gettext_noop("the person was reminded within a day")
ASKS = gettext_noop("the person has asked for another day and has no answer yet")
# Until an excuse, a day or a merge is taken back, or the answer comes.
KEPT_BACK = (GONE, ANOTHER_DAY, ASKS)


def register_letter() -> None:
    template = "assignments/mail/reminder.txt"
    words, sort = _("Reminder of a due day"), LetterSort.TRAINING
    register_kind(KIND, MessageKind(words, template, why_unwanted, in_words, sort, editable=REMINDER))


def still_asked(messages: Sequence[Message]) -> dict[int, tuple[list[Enrollment], str]]:
    """Key of each email → (what it still reminds of, the earliest day first; why not of the rest). Three queries."""
    asked = {run for message in messages for run, _day in message.data["subjects"]}
    # Whether the reader has left or is away is asked of every email when it is sent.
    found = Enrollment.objects.asked(ignoring=PERSON_OR_COURSE).filter(pk__in=asked).select_related("learner")
    runs = list(found.with_zone().with_release().order_by("urgency", "pk"))
    told, asking = reminded_of({message.person_id for message in messages}), asked_about(asked)
    return {message.pk: still_asked_by(message, runs, told[message.person_id], asking) for message in messages}


def still_asked_by(
    message: Message, runs: Iterable[Enrollment], told: Collection[int], asking: Collection[int]
) -> tuple[list[Enrollment], str]:
    days = {(run, day and date.fromisoformat(day)) for run, day in message.data["subjects"]}
    keys = {run for run, _day in days}
    open_runs = [run for run in runs if run.pk in keys and run.learner_id == message.person_id]
    if not open_runs:
        return [], GONE
    same = [run for run in open_runs if (run.pk, run.due_on) in days]
    if not same:
        return [], ANOTHER_DAY
    same = [run for run in same if run.pk not in asking]
    if not same:
        return [], ASKS
    return [run for run in same if run.pk not in told], REMINDED


def reminded_of(people: Collection[int | None]) -> dict[int | None, set[int]]:
    """Each of these → keys of the runs that the person was reminded of just now. Runs one query."""
    letters = Message.objects.handed_over().filter(kind=KIND, person__in=people, ended_at__gt=now() - APART)
    found: dict[int | None, set[int]] = defaultdict(set)
    for person, data in letters.values_list("person", "data"):
        found[person] |= runs_in([data])
    return found


def asked_about(runs: Collection[int]) -> set[int]:
    """Of the runs with these keys those whose learners wait for an answer about another day. Runs one query."""
    waiting = DayRequest.objects.standing(now()).filter(enrollment__in=runs)
    return set(waiting.values_list("enrollment", flat=True))


def runs_in(told: Iterable[dict]) -> set[int]:
    return {run for data in told for run, *_said in data["subjects"]}


def why_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    return {key: "" if runs else why for key, (runs, why) in still_asked(messages).items()}


def in_words(messages: Sequence[Message]) -> dict[int, dict[str, object]]:
    asked = still_asked(messages)
    signers = signers_of({message.person_id: message.data["by"] for message in messages})
    courses = courses_in_words({message: asked[message.pk][0] for message in messages})
    return {
        message.pk: {
            "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
            "courses": courses[message],
            "house_style_of": courses[message][0]["id"] if len(courses[message]) == 1 else "",
            "host": urlsplit(settings.SITE_URL).netloc,
            **signers[message.person_id],
        }
        for message in messages
        if courses[message]
    }


def courses_in_words(runs: Mapping[Message, list[Enrollment]]) -> dict[Message, list[dict[str, object]]]:
    by_language: dict[str, list[Message]] = defaultdict(list)
    for message in runs:
        by_language[message.language or settings.LANGUAGE_CODE].append(message)
    found: dict[Message, list[dict[str, object]]] = {}
    for language, messages in by_language.items():
        with translation.override(language):
            together = [run for message in messages for run in runs[message]]
            outlines = {run.course_id: serving.outline(run.release, language) for run in together}
            said = {journey.enrollment.pk: left_in_words(journey) for journey in journeys(together, outlines)}
        found |= {message: [said[run.pk] for run in runs[message]] for message in messages}
    return found


def left_in_words(journey: Journey) -> dict[str, object]:
    run, act = journey.enrollment, journey.next_act
    return {
        "id": journey.outline.course_id,
        "title": journey.outline.title,
        "day": day_in_words(run.due_on) if run.due_on else "",
        "is_over": run.state_at() is Enrollment.State.OVERDUE,
        "is_begun": run.started_at is not None,
        "stops": journey.progress.total - journey.progress.done_count,
        "minutes": journey.outline.minutes_left(journey.progress.done),
        "next": act.step.title if act.step else "",
        "next_minutes": act.minutes,
        "link": settings.SITE_URL.rstrip("/") + act.address,
        "ask": settings.SITE_URL.rstrip("/") + reverse("learning:another-day", args=[journey.outline.course_id]),
    }
