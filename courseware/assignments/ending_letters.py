"""The letters that say a certificate ends, some time before, and by whom it is renewed."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from courseware.content.course_titles import course_title
from courseware.learning.course_letter import signer_of
from courseware.learning.due import day_in_words
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.outbox.kinds import LetterSort, MessageKind, register_kind
from courseware.outbox.models import Message

KIND = "certificate-ending"
DAYS_BEFORE = (60, 30, 7)
CAUGHT_UP = timedelta(days=3)  # a day on which nobody looked is told by then
LETTERS_AT_ONCE = 500  # in memory
RENEWED = "it was renewed or withdrawn meanwhile"


def register_letter() -> None:
    template = "assignments/mail/certificate_ending.txt"
    words = _("A certificate that ends")
    register_kind(KIND, MessageKind(words, template, why_no_news, in_words, LetterSort.TRAINING))


def tell_of_endings(day: date | None = None) -> str:
    """Says how many are new. Done again, it writes none twice: each has its key."""
    written = 0
    for runs in endings(day or site_day()):
        keyed = {key_of(run, day or site_day()): run for run in runs}
        known = set(Message.objects.filter(key__in=keyed).values_list("key", flat=True))
        new = [letter_to(run, key) for key, run in keyed.items() if key not in known]
        Message.objects.bulk_create(new, ignore_conflicts=True)
        written += len(new)
    return f"letters: {written}" if written else ""


def endings(day: date) -> Iterator[list[Enrollment]]:
    """The newest runs of who is certified for so many days more, and has no renewal open. A batch at a time."""
    near = Q()
    for before in DAYS_BEFORE:
        last = day + timedelta(days=before)
        near |= Q(certified_until__gt=last - CAUGHT_UP, certified_until__lte=last)
    runs = Enrollment.objects.newest().exclude(completed_at=None, waived_at=None).filter(near)
    runs = runs.filter(learner__is_active=True, course__current__isnull=False).select_related("learner").with_zone()
    last_key = 0
    while batch := list(runs.filter(pk__gt=last_key).order_by("pk")[:LETTERS_AT_ONCE]):
        last_key = batch[-1].pk
        yield batch


def key_of(run: Enrollment, day: date) -> str:
    left = (last_day_of(run) - day).days
    before = min(each for each in DAYS_BEFORE if each >= left)
    return f"{KIND}:{run.pk}:{run.certified_until}:{before}"


def last_day_of(run: Enrollment) -> date:
    if run.certified_until is None:
        raise ValueError(f"nothing certifies {run}")
    return run.certified_until


def letter_to(run: Enrollment, key: str) -> Message:
    person = run.learner
    return Message(
        kind=KIND,
        key=key,
        person=person,
        address=person.email or "",
        language=person.language,
        data={"subjects": [[run.pk, last_day_of(run).isoformat()]]},
    )


def still_ending(message: Message) -> list[Enrollment]:
    """What the letter still tells of, the first to end first. A renewal that is open has reminders of its own."""
    ends = {(run, date.fromisoformat(day)) for run, day in message.data["subjects"]}
    runs = Enrollment.objects.newest().filter(pk__in=[run for run, _day in ends], learner=message.person_id)
    runs = runs.with_release().order_by("certified_until", "pk")
    return [run for run in runs if (run.pk, run.certified_until) in ends and not run.is_open]


def why_no_news(message: Message) -> str:
    return "" if still_ending(message) else RENEWED


def in_words(message: Message) -> dict[str, object]:
    person, language = message.person, message.language or settings.LANGUAGE_CODE
    runs = still_ending(message)
    with translation.override(language):
        certificates = [
            {"title": course_title(run.course, language), "day": day_in_words(last_day_of(run))} for run in runs
        ]
    return {
        "name": person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "certificates": certificates,
        "house_style_of": runs[0].course.identifier if len(runs) == 1 else "",
        **signer_of(person, None),
    }
