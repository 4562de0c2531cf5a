"""Summaries for chat groups, without names: one a day and door, claimed one by one, tried again with growing pauses.

No transaction is open while a card is sent. If the worker dies then, the card is tried again after `CLAIMED_FOR`, and
the group may see it twice. If a card is refused or given up, the leads are told by email. A card is no `OutgoingEmail`:
it has no person, so no sending limits, and no number by which a service recognizes a repetition.
"""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.working_days import Calendar, calendar_of, calendars_of
from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import handles_people, is_manager, learners_of, teams_managed_by
from courseware.accounts.permissions.roles import HR, in_office
from courseware.accounts.sign_in.emails import EmailHours
from courseware.assignments.models import ChatBot, ChatDeliveryState, ChatMessage
from courseware.jobs.tasks import DELIVERY, is_stopping, task
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.status.headcounts import DashboardTotals, Headcount
from courseware.learning.status.states import NO_DAY, State
from courseware.lib.dates import due_day
from courseware.lib.disclosure import STEP
from courseware.notifications.chat.client import ChatResponse, ChatResult, knock, server_of
from courseware.notifications.chat.messages import ChatContent
from courseware.notifications.email.circuit_breaker import CircuitBreaker
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_kind
from courseware.notifications.email.queue import tell
from courseware.notifications.models import OutgoingEmail

BOARD_PAGES: list[str] = []


def register_dashboard_page(url_name: str) -> None:
    """Where those who lead see who it is; it takes `team`. The room that has boards says it."""
    BOARD_PAGES[:] = [url_name]


@dataclass(frozen=True)
class GroupFigures:
    tally: DashboardTotals
    next_day: date | None  # the first due day that is still to come

    @property
    def is_urgent(self) -> bool:
        return any(self.tally.number_in(state) for state in (State.OVERDUE, State.DUE_SOON))

    @property
    def open(self) -> int:
        return sum(self.tally.number_in(state) for state in State if state.is_asked)


def figures_of(team: Team, at: datetime) -> GroupFigures:
    here = Headcount.objects.filter(team=team)
    coming = here.filter(urgency__gt=at, urgency__lt=NO_DAY).order_by("urgency").values_list("urgency")
    first = coming.annotate(people=Sum("number")).filter(people__gt=0).first()
    return GroupFigures(here.told(at), due_day(first[0], team.zone) if first else None)


def why_nothing(door: ChatBot, figures: GroupFigures) -> str:
    """Why the group is told nothing today, or "". A number about fewer than five colleagues would name them."""
    if not figures.is_urgent:
        return "nobody is late, and nothing is due within three days"
    if not door.is_for_managers and people_learning_in(door.team) < STEP:
        return f"fewer than {STEP} people learn here: a number would name them"
    return ""


def people_learning_in(team: Team) -> int:
    people = learners_of(Team.objects.filter(pk=team.pk).with_subteams())
    return Membership.objects.filter(person__in=people, person__is_active=True).values("person").distinct().count()


def summary_message(door: ChatBot, figures: GroupFigures) -> ChatContent:
    with translation.override(door.language):
        return said_to(door, summary_lines(figures, by_state=door.is_for_managers))


def test_message(door: ChatBot) -> ChatContent:
    with translation.override(door.language):
        words = gettext(
            "This is a test message: the bot of this group works. Its messages show numbers and "
            "due dates, but no names."
        )
        return said_to(door, [words])


def said_to(door: ChatBot, lines: list[str]) -> ChatContent:
    title = gettext("%(team)s: training") % {"team": door.team.name}
    if door.is_for_managers:
        return ChatContent(title, lines, gettext("Open the dashboard"), dashboard_url(door.team))
    return ChatContent(title, lines, gettext("Open my training"), on_the_site(reverse("home")))


def summary_lines(figures: GroupFigures, *, by_state: bool) -> list[str]:
    """In the language that is active. `by_state`: each number as on the board, for those who lead."""
    said = {
        "late": figures.tally.number_in(State.OVERDUE),
        "soon": figures.tally.number_in(State.DUE_SOON),
        "day": day_text(figures.next_day) if figures.next_day else "",
        "open": figures.open,
    }
    if by_state:
        lines = [f"{state.label}{gettext(': ')}{number}" for state, number in figures.tally.states.items() if number]
        return [*lines, gettext("Next due date: %(day)s") % said] if figures.next_day else lines
    lines = [gettext("Late: %(late)d") % said] if said["late"] else []
    if said["soon"]:
        lines.append(gettext("Due within 3 days: %(soon)d, the first by %(day)s") % said)
    return [*lines, gettext("Still open: %(open)d") % said]


def dashboard_url(team: Team) -> str:
    [page] = BOARD_PAGES
    return on_the_site(f"{reverse(page)}?team={team.pk}")


def on_the_site(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"


KEPT_FOR = timedelta(days=90)
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)]  # after each try; the last again and again
GIVEN_UP_AFTER = timedelta(hours=4)
CLAIMED_FOR = timedelta(minutes=5)  # longer than CHAT_SECONDS, the longest wait for a chat server
AT_ONCE = 200  # of the cards that are due, by one run of the job
AT_MOST = 45.0  # seconds by one run of it, but for the last card: other work has its turn in between
PACE = 15  # a minute and robot: it may serve several teams, and beyond 20 DingTalk shuts it for ten minutes
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LETTER = "group-summary"
logger = logging.getLogger(__name__)


def send_summaries() -> str:
    """The job. Returns what became of the cards, in words. What it leaves for the next run comes first there."""
    now = timezone.now()
    new = [ChatMessage(door=door, day=day, written_at=now, next_at=now) for door, day in bots_due(now)]
    ChatMessage.objects.bulk_create(new, ignore_conflicts=True)  # another worker may have written them
    ended, until = Counter[str](), time.monotonic() + AT_MOST
    for pk in list(ChatMessage.objects.due(timezone.now()).values_list("pk", flat=True)[:AT_ONCE]):
        if state := send_message(pk):
            ended[state] += 1
        if is_stopping() or time.monotonic() > until:
            break
    return ", ".join(f"{state} {count}" for state, count in sorted(ended.items()))


def is_anything_due() -> bool:
    now = timezone.now()
    return ChatMessage.objects.due(now).exists() or bool(bots_due(now))


@task(queue_name=DELIVERY)
def send_test_message(pk: int) -> None:
    send_message(pk)


def bots_due(now: datetime) -> list[tuple[ChatBot, date]]:
    """Doors whose hours have begun and that have no card yet of the team's day. Runs three queries at most."""
    doors = list(ChatBot.objects.in_use().select_related("team"))
    calendars = calendars_of(door.team for door in doors) if doors else []
    open_today = {
        door: day
        for door, calendar in zip(doors, calendars, strict=True)
        if (day := open_day(door.team, calendar, now)) is not None
    }
    told = ChatMessage.objects.filter(day__range=(now.date() - DAY, now.date() + DAY)).values_list("door", "day")
    known = set(told) if open_today else set()
    return [(door, day) for door, day in open_today.items() if (door.pk, day) not in known]


def open_day(team: Team, calendar: Calendar, now: datetime) -> date | None:
    """The day of the team, while letters may leave on it."""
    return now.astimezone(team.zone).date() if EmailHours(team.zone, calendar).opens_at(now) <= now else None


def send_message(pk: int) -> str:
    """The state it is in afterwards; "" where it is not its turn."""
    card = claimed(pk)
    if card is None:
        return ""
    try:
        return knocked(card)
    except Exception as error:  # a mistake in what a card says is one card less, and not all of them
        logger.exception("card %s could not be made", card.pk)
        return ended(card, ChatDeliveryState.GIVEN_UP, type(error).__name__)


def claimed(pk: int) -> ChatMessage | None:
    """The card, if it is due, no other worker sends it, its bot is below its rate limit and its server answers."""
    now = timezone.now()
    card = ChatMessage.objects.due(now).filter(pk=pk).select_related("door__team").first()
    if card is None or recently_tried(card.door, now) >= PACE or not breaker_of(card).allows():
        return None
    mine = ChatMessage.objects.due(now).filter(pk=pk).order_by()
    if not mine.update(next_at=now + CLAIMED_FOR, tried_at=now, tries=F("tries") + 1):
        return None
    card.tries += 1
    return card


def recently_tried(door: ChatBot, now: datetime) -> int:
    return ChatMessage.objects.filter(door__address=door.address, tried_at__range=(now - MINUTE, now)).count()


def knocked(card: ChatMessage) -> str:
    door, now = card.door, timezone.now()
    if card.is_try:
        return handed_over(card, test_message(door))
    if not door.is_on or door.refused_at:
        return ended(card, ChatDeliveryState.SKIPPED, "the door is not used any more")
    if open_day(door.team, calendar_of(door.team), now) != card.day:
        return given_up(card, card.why or "its day was over before it left")
    figures = figures_of(door.team, now)
    if reason := why_nothing(door, figures):
        return ended(card, ChatDeliveryState.SKIPPED, reason)
    return handed_over(card, summary_message(door, figures))


def handed_over(card: ChatMessage, said: ChatContent) -> str:
    answer = knock(card.door.service, card.door.address, card.door.secret, said)
    if answer.verdict == ChatResult.UNREACHABLE:
        breaker_of(card).note_failure(answer.words)
    else:
        breaker_of(card).note_answer()
    return settled(card, answer)


def breaker_of(card: ChatMessage) -> CircuitBreaker:
    return CircuitBreaker(server_of(card.door.address))


def settled(card: ChatMessage, answer: ChatResponse) -> str:
    if answer.verdict == ChatResult.DELIVERED:
        return ended(card, ChatDeliveryState.SENT, answer.words)
    if answer.verdict == ChatResult.REFUSED:
        return refused(card, answer.words)
    if card.is_try:
        return ended(card, ChatDeliveryState.GIVEN_UP, answer.words)
    now = timezone.now()
    if now >= card.written_at + GIVEN_UP_AFTER:
        return given_up(card, answer.words)
    pause = PAUSES[min(card.tries, len(PAUSES)) - 1]
    keep(card, ChatDeliveryState.LATER, answer.words, next_at=min(now + pause, card.written_at + GIVEN_UP_AFTER))
    return ChatDeliveryState.LATER.value


@transaction.atomic
def refused(card: ChatMessage, why: str) -> str:
    """The door is shut until somebody saves it anew; unless that happened while it answered."""
    asked = ChatBot.objects.filter(pk=card.door_id, address=card.door.address, secret=card.door.secret)
    asked.update(refused_at=timezone.now(), refused_why=why)
    if not card.is_try:
        notify_managers(card)
    return ended(card, ChatDeliveryState.REFUSED, why)


@transaction.atomic
def given_up(card: ChatMessage, why: str) -> str:
    notify_managers(card)
    return ended(card, ChatDeliveryState.GIVEN_UP, why)


def notify_managers(card: ChatMessage) -> None:
    for person in managers_near(card.door.team) or in_office(HR):
        tell(LETTER, person, key=f"{LETTER}:{card.pk}:{person.pk}", data={"card": card.pk})


def managers_near(team: Team) -> list[User]:
    """Of the team, or of the nearest above it that anybody leads. Runs one query."""
    line = team.line[::-1]
    leads = Membership.objects.filter(team__in=line, role=Membership.Role.MANAGER, person__is_active=True)
    of_team: dict[int, list[User]] = {}
    for lead in leads.select_related("person").order_by("pk"):
        of_team.setdefault(lead.team_id, []).append(lead.person)
    return next((of_team[key] for key in line if key in of_team), [])


def ended(card: ChatMessage, state: ChatDeliveryState, why: str = "") -> str:
    keep(card, state, why, ended_at=timezone.now())
    return state.value


def keep(card: ChatMessage, state: ChatDeliveryState, why: str, **times: datetime) -> None:
    if state in (ChatDeliveryState.LATER, ChatDeliveryState.REFUSED, ChatDeliveryState.GIVEN_UP):
        logger.warning("card %s, %s: %s", card.pk, card.door.service, state.value)
    ChatMessage.objects.filter(pk=card.pk).update(state=state, why=why, **times)


def register_email() -> None:
    template = "assignments/mail/group_summary.txt"
    words = _("Group-chat message that was not delivered")
    questions = one_by_one(still_wanted), one_by_one(in_words)
    register_kind(LETTER, EmailType(words, template, *questions, EmailCategory.SUBSCRIBED, is_for=is_notified_of_bots))


def is_notified_of_bots(person: User) -> bool:
    return (handles_people(person) or is_manager(person)) and ChatBot.objects.in_use().exists()


def message_of(message: OutgoingEmail) -> ChatMessage | None:
    return ChatMessage.objects.select_related("door__team").filter(pk=message.data["card"]).first()


def still_wanted(message: OutgoingEmail) -> str:
    card = message_of(message)
    if card is None:
        return gettext_noop("the group-chat bot was deleted")
    if not (handles_people(message.person) or teams_managed_by(message.person).filter(pk=card.door.team_id).exists()):
        return gettext_noop("the recipient no longer manages the team")
    if ChatMessage.objects.filter(door=card.door_id, day__gt=card.day).exists():
        return gettext_noop("a later day has its own summary")
    is_urgent = figures_of(card.door.team, timezone.now()).is_urgent
    return "" if is_urgent else gettext_noop("nobody is late any more, and nothing is due within 3 days")


def in_words(message: OutgoingEmail) -> dict[str, object]:
    card = message_of(message)
    if card is None:
        raise LookupError("asked without being wanted")
    team = card.door.team
    with translation.override(message.language or settings.LANGUAGE_CODE):
        lines = summary_lines(figures_of(team, timezone.now()), by_state=True)
        service = card.door.get_service_display()
    return {
        "name": message.person.name,  # type: ignore[union-attr]  # these letters are to people alone
        "team": team.name,
        "service": service,
        "why": card.why,
        "is_shut": card.state == "refused",
        "lines": lines,
        "board": dashboard_url(team),
    }


def delete_old_messages() -> str:
    return str(ChatMessage.objects.filter(written_at__lt=timezone.now() - KEPT_FOR).delete()[0])
