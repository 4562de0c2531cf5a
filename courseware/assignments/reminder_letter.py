"""The letter that reminds of a due day: what comes next, by when, who asks, and when it ends by itself."""

from collections.abc import Iterable
from datetime import date, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from courseware.content.compiled import serving
from courseware.journey.next_act import Journey, journeys
from courseware.learning.course_letter import signer_of
from courseware.learning.due import day_in_words
from courseware.learning.models import Enrollment
from courseware.outbox.kinds import LetterSort, MessageKind, register_kind
from courseware.outbox.models import Message

KIND = "reminder"
# Less than a day: who was reminded late in the morning may be reminded on the next one early.
APART = timedelta(hours=20)
GONE, ANOTHER_DAY = (
    "what it reminds of was finished, excused or merged meanwhile",
    "another due day was given meanwhile",
)
REMINDED = "the person was reminded within a day"


def register_letter() -> None:
    template = "assignments/mail/reminder.txt"
    register_kind(KIND, MessageKind(_("Reminder of a due day"), template, why_unwanted, in_words, LetterSort.TRAINING))


def still_asked(message: Message) -> tuple[list[Enrollment], str]:
    """What the letter still reminds of, the earliest day first; and why of the rest it does not."""
    days = {(run, day and date.fromisoformat(day)) for run, day in message.data["subjects"]}
    runs = Enrollment.objects.open().filter(pk__in=[run for run, _day in days], learner=message.person_id)
    found = list(runs.with_zone().with_release().order_by("urgency", "pk"))
    if not found:
        return [], GONE
    same = [run for run in found if (run.pk, run.due_on) in days]
    if not same:
        return [], ANOTHER_DAY
    told = reminded_of(message)
    return [run for run in same if run.pk not in told], REMINDED


def reminded_of(message: Message) -> set[int]:
    """Keys of the runs that the person was reminded of just now."""
    letters = Message.objects.handed_over().filter(kind=KIND, person=message.person_id)
    letters = letters.filter(ended_at__gt=timezone.now() - APART).exclude(pk=message.pk)
    return runs_in(letters.values_list("data", flat=True))


def runs_in(told: Iterable[dict]) -> set[int]:
    return {run for data in told for run, _day in data["subjects"]}


def why_unwanted(message: Message) -> str:
    runs, why = still_asked(message)
    return "" if runs else why


def in_words(message: Message) -> dict[str, object]:
    person, language = message.person, message.language or settings.LANGUAGE_CODE
    runs, _why = still_asked(message)
    with translation.override(language):
        outlines = {run.course_id: serving.outline(run.release, language) for run in runs}
        courses = [left_in_words(journey) for journey in journeys(runs, outlines)]
    return {
        "name": person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "courses": courses,
        "house_style_of": courses[0]["id"] if len(courses) == 1 else "",
        "host": urlsplit(settings.SITE_URL).netloc,
        **signer_of(person, message.data["by"]),
    }


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
    }
