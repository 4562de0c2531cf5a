"""The weekly letter to who leads people: who asks for another day, is late, is stuck, has finished.

On Monday morning where its reader is, behind a holiday on the first working day, and only where there is something to
say. Other weekly emails have the same hours: `WEEKLY`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.letter_hours import OPENS, LetterHours, hours_of
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import is_manager, people_managed_by, teams_managed_by
from courseware.assignments.mornings import PEOPLE_AT_ONCE, Morning
from courseware.content.compiled import serving
from courseware.learning.day_requests import DayRequest
from courseware.learning.due import day_in_words
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.states import State
from courseware.lib.dates import site_day
from courseware.outbox.keyed_letters import write_once
from courseware.outbox.kinds import LetterSort, MessageKind, one_by_one, register_kind
from courseware.outbox.models import Message
from courseware.reporting.board_rows import board_of, in_standing, published, those_stuck
from courseware.reporting.days_asked import day_asked, with_runs
from courseware.reporting.letter_samples import DIGEST

KIND = "digest"
NAMED = 5  # people of each sort; the board has them all
TEAMS_NAMED = 10
LEADERS_AT_ONCE = 500  # in memory
DAY, WEEK = timedelta(days=1), timedelta(days=7)
CAUGHT_UP = 2 * DAY  # since a Monday on which nobody looked
NOTHING = gettext_noop("nobody is late or stuck, and nobody has finished")
WEEKLY: dict[str, Callable[[], QuerySet[User]]] = {}  # type of email → its readers


def register_letter() -> None:
    WEEKLY[KIND] = all_leaders
    questions = one_by_one(why_nothing), one_by_one(in_words)
    words, template = _("Your people this week"), "reporting/mail/digest.txt"
    sort = LetterSort.SUBSCRIBED
    register_kind(KIND, MessageKind(words, template, *questions, sort, editable=DIGEST, is_for=is_manager))


def write_digests(at: datetime | None = None) -> str:
    """Says how many are new. Done again, or by two at once, it writes none twice: each has its key."""
    at, written = at or timezone.now(), 0
    for kind, readers in WEEKLY.items():
        for people in batches(readers()):
            hours = hours_of({person.pk for person in people})
            letters = [letter for person in people if (letter := letter_to(kind, person, hours[person.pk], at))]
            written += write_once(letters)
    return f"letters: {written}" if written else ""


class ComingDigests:
    """Of a morning those that leave on its day, whichever morning they are written on."""

    def __init__(self, morning: Morning, at: datetime, kind: str = KIND) -> None:
        self.morning, self.at, self.day, self.kind = morning, at, site_day(at), kind

    def readers(self, after: int) -> Collection[int]:
        return list(WEEKLY[self.kind]().filter(pk__gt=after).values_list("pk", flat=True)[:PEOPLE_AT_ONCE])

    def letters(self, people: Collection[int]) -> Iterator[tuple[Message, str]]:
        hours = hours_of(people)
        for person in WEEKLY[self.kind]().filter(pk__in=people):
            letter = letter_to(self.kind, person, hours[person.pk], self.at) if self.morning.catches_up else None
            letter = letter or self.letter_of_day(person, hours[person.pk])
            if letter:
                yield letter, ""

    def letter_of_day(self, person: User, hours: LetterHours) -> Message | None:
        monday = self.day - self.day.weekday() * DAY
        opens = [each for each in (monday + WEEK, monday) if site_day(opening_of(each, hours)) == self.day]
        return letter_of(self.kind, person, opens[0], opening_of(opens[0], hours)) if opens else None


def all_leaders() -> QuerySet[User]:
    leading = Membership.objects.filter(role=Membership.Role.MANAGER).values("person")
    return User.objects.filter(pk__in=leading, is_active=True).order_by("pk")


def batches(people: QuerySet[User]) -> Iterator[list[User]]:
    last = 0
    while batch := list(people.filter(pk__gt=last)[:LEADERS_AT_ONCE]):
        last = batch[-1].pk
        yield batch


def letter_to(kind: str, person: User, hours: LetterHours, at: datetime) -> Message | None:
    """None where no Monday morning of the person is near."""
    monday = monday_near(hours, at)
    return letter_of(kind, person, monday, hours.opens_at(max(opening_of(monday, hours), at))) if monday else None


def letter_of(kind: str, person: User, monday: date, next_at: datetime) -> Message:
    key, address = f"{kind}:{person.pk}:{monday}", person.email or ""
    return Message(kind=kind, key=key, person=person, address=address, language=person.language, next_at=next_at)


def monday_near(hours: LetterHours, at: datetime) -> date | None:
    """The one whose morning begins within a day, or began less than two days ago.

    Not sooner: a letter that waits longer is asked meanwhile, and ended where there is nothing to say as yet.
    """
    today = at.astimezone(hours.zone).date()
    this_monday = today - today.weekday() * DAY
    for monday in (this_monday + WEEK, this_monday):  # behind a free week both open at once: it is the later one's
        if at - CAUGHT_UP < opening_of(monday, hours) <= at + DAY:
            return monday
    return None


def opening_of(monday: date, hours: LetterHours) -> datetime:
    """Of the first working day from this one on."""
    return hours.opens_at(datetime.combine(monday, OPENS, hours.zone))


def board_of_reader(message: Message, at: datetime) -> EnrollmentQuerySet:
    led = Enrollment.objects.filter(learner__in=people_managed_by(message.person))
    return board_of(published(led), at=at)


def asked_of_reader(message: Message, at: datetime) -> QuerySet[DayRequest]:
    """What waits for an answer from who leads, the oldest first."""
    led = published(Enrollment.objects.filter(learner__in=people_managed_by(message.person))).newest()
    return DayRequest.objects.standing(at).filter(enrollment__in=led).order_by("pk")


def finished(board: EnrollmentQuerySet, at: datetime) -> QuerySet[Any, Any]:
    return board.filter(completed_at__gt=at - WEEK).order_by("learner__name", "pk")


def why_nothing(message: Message, at: datetime | None = None) -> str:
    at, language = at or timezone.now(), message.language or settings.LANGUAGE_CODE
    board = board_of_reader(message, at)
    found = in_standing(board, State.OVERDUE, at), finished(board, at), asked_of_reader(message, at)
    is_any = any(each.exists() for each in found) or those_stuck(board, language, at).exists()
    return "" if is_any else NOTHING


def in_words(message: Message) -> dict[str, object]:
    at, language = timezone.now(), message.language or settings.LANGUAGE_CODE
    board = board_of_reader(message, at)
    late = in_standing(board, State.OVERDUE, at)
    with translation.override(language):
        return {
            "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
            "asked": asked_in_words(asked_of_reader(message, at)),
            "late": some_of(late, language),
            "teams": by_team(message, late),
            "stuck": some_of(those_stuck(board, language, at), language),
            "finished": some_of(finished(board, at), language),
            "link": settings.SITE_URL.rstrip("/") + reverse("reporting:board"),
        }


def asked_in_words(requests: QuerySet[DayRequest]) -> dict[str, object]:
    """As `some_of`, and since when the oldest waits. Runs two queries, and two more where there are any."""
    number, keys = requests.count(), list(requests.values_list("pk", flat=True)[:NAMED])
    first = with_runs(keys) if keys else []
    named = [{"name": each.name, "title": each.title, "day": day_in_words(each.day)} for each in map(day_asked, first)]
    since = day_in_words(timezone.localdate(first[0].asked_at, first[0].enrollment.zone)) if first else ""
    return {"number": number, "since": since, "named": named, "others": number - len(named)}


def some_of(runs: Any, language: str) -> dict[str, object]:
    """How many there are, the first of them, and how many those leave out. Runs two queries."""
    named = [run_in_words(run, language) for run in runs.with_release().select_related("learner").with_zone()[:NAMED]]
    number = runs.count()
    return {"number": number, "named": named, "others": number - len(named)}


def run_in_words(run: Enrollment, language: str) -> dict[str, str]:
    title = serving.outline(run.release, language).title
    return {"name": run.learner.name, "title": title, "day": day_in_words(run.due_on) if run.due_on else ""}


def by_team(message: Message, late: QuerySet[Any, Any]) -> Sequence[tuple[str, int]]:
    """Teams and how many people of theirs are late, most first; none where there is one team. Runs one query."""
    places = Membership.objects.filter(role=Membership.Role.LEARNER, team__in=teams_managed_by(message.person))
    places = places.filter(person__in=late.order_by().values("learner"))
    counted = places.values("team").annotate(number=Count("person", distinct=True))  # two teams may bear one name
    found = counted.order_by("-number", "team__name", "team").values_list("team__name", "number")[:TEAMS_NAMED]
    return list(found) if len(found) > 1 else []
