"""Delivery of team summaries without names to chat groups, one per bot and day, with retries."""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

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
from courseware.accounts.permissions.roles import HR, people_with_role
from courseware.accounts.sign_in.emails import EmailHours
from courseware.assignments.models import ChatBot, ChatDeliveryState, ChatMessage
from courseware.jobs.schedule import Daily, Every, schedule
from courseware.jobs.tasks import DELIVERY, is_stopping, task
from courseware.learning.due_dates.due_dates import day_text
from courseware.learning.status.headcounts import DashboardTotals, Headcount
from courseware.learning.status.states import NO_DAY, State
from courseware.lib.dates import due_date
from courseware.lib.disclosure import STEP
from courseware.notifications.chat.client import ChatResponse, ChatResult, post_message, server_of
from courseware.notifications.chat.messages import ChatContent
from courseware.notifications.email.circuit_breaker import CircuitBreaker
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import OutgoingEmail

DASHBOARD_PAGES: list[str] = []


def register_dashboard_page(url_name: str) -> None:
    """Set the URL name of the dashboard, which takes the query parameter `team` (id)."""
    DASHBOARD_PAGES[:] = [url_name]


@dataclass(frozen=True)
class GroupStatistics:
    tally: DashboardTotals
    next_day: date | None  # the next due date

    @property
    def is_urgent(self) -> bool:
        return any(self.tally.number_in(state) for state in (State.OVERDUE, State.DUE_SOON))

    @property
    def open(self) -> int:
        return sum(self.tally.number_in(state) for state in State if state.is_asked)


def group_statistics_of(team: Team, at: datetime) -> GroupStatistics:
    """Return the numbers at `at` of the team and the teams below it."""
    here = Headcount.objects.filter(team=team)
    coming = here.filter(urgency__gt=at, urgency__lt=NO_DAY).order_by("urgency").values_list("urgency")
    first = coming.annotate(people=Sum("number")).filter(people__gt=0).first()
    return GroupStatistics(here.told(at), due_date(first[0], team.zone) if first else None)


def reason_not_to_send(bot: ChatBot, figures: GroupStatistics) -> str:
    """Return in English why the group gets no summary, or "". `figures`: of the bot's team. Teams of groups that are
    not only for managers need STEP learners.
    """
    if not figures.is_urgent:
        return "nobody is late, and nothing is due within three days"
    if not bot.is_for_managers and people_learning_in(bot.team) < STEP:
        return f"fewer than {STEP} people learn here: a number would name them"
    return ""


def people_learning_in(team: Team) -> int:
    """Return the number of active learners in the team and the teams below it."""
    people = learners_of(Team.objects.filter(pk=team.pk).with_subteams())
    return Membership.objects.filter(person__in=people, person__is_active=True).values("person").distinct().count()


def summary_message(bot: ChatBot, figures: GroupStatistics) -> ChatContent:
    with translation.override(bot.language):
        return message_content(bot, summary_lines(figures, by_state=bot.is_for_managers))


def build_test_message(bot: ChatBot) -> ChatContent:
    with translation.override(bot.language):
        words = gettext(
            "This is a test message: the bot of this group works. Its messages show numbers and "
            "due dates, but no names."
        )
        return message_content(bot, [words])


def message_content(bot: ChatBot, lines: list[str]) -> ChatContent:
    title = gettext("%(team)s: training progress") % {"team": bot.team.name}
    if bot.is_for_managers:
        return ChatContent(title, lines, gettext("Open the dashboard"), dashboard_url(bot.team))
    return ChatContent(title, lines, gettext("Open my training"), on_the_site(reverse("home")))


def summary_lines(figures: GroupStatistics, *, by_state: bool) -> list[str]:
    """Return the summary in the active language. `by_state`: a number per state; else only late, due soon, open."""
    values = {
        "late": figures.tally.number_in(State.OVERDUE),
        "soon": figures.tally.number_in(State.DUE_SOON),
        "day": day_text(figures.next_day) if figures.next_day else "",
        "open": figures.open,
    }
    if by_state:
        lines = [f"{state.label}{gettext(': ')}{number}" for state, number in figures.tally.states.items() if number]
        return [*lines, gettext("Next due date: %(day)s") % values] if figures.next_day else lines
    lines = [gettext("Late: %(late)d") % values] if values["late"] else []
    if values["soon"]:
        lines.append(gettext("Due within 3 days: %(soon)d (earliest due date: %(day)s)") % values)
    return [*lines, gettext("Not completed yet: %(open)d") % values]


def dashboard_url(team: Team) -> str:
    [page] = DASHBOARD_PAGES
    return on_the_site(f"{reverse(page)}?team={team.pk}")


def on_the_site(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"


KEPT_FOR = timedelta(days=90)
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)]  # after each try; the last one repeats
GIVEN_UP_AFTER = timedelta(hours=4)
CLAIMED_FOR = timedelta(minutes=5)  # then a message is due again; longer than the wait for a server (CHAT_SECONDS)
AT_ONCE = 200  # messages per run of the job
AT_MOST = 45.0  # seconds per run, plus the last message: other tasks must not wait longer
PACE = 15  # per minute and address, which teams may share: beyond 20 DingTalk blocks it for 10 minutes
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EMAIL_TYPE = "group-summary"
logger = logging.getLogger(__name__)


def send_summaries() -> str:
    """Job: create messages for `bots_due`, and send due ones, up to AT_ONCE. Return their number by state, as text."""
    now = timezone.now()
    new = [ChatMessage(bot=bot, day=day, written_at=now, next_at=now) for bot, day in bots_due(now)]
    ChatMessage.objects.bulk_create(new, ignore_conflicts=True)  # another worker may have created them
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
    """Return (bot, its team's date) of bots in use, in sending hours, without a message of that date. ≤ 3 queries."""
    bots = list(ChatBot.objects.in_use().select_related("team"))
    calendars = calendars_of(bot.team for bot in bots) if bots else []
    open_today = {
        bot: day
        for bot, calendar in zip(bots, calendars, strict=True)
        if (day := open_day(bot.team, calendar, now)) is not None
    }
    known_rows = ChatMessage.objects.filter(day__range=(now.date() - DAY, now.date() + DAY)).values_list("bot", "day")
    known = set(known_rows) if open_today else set()
    return [(bot, day) for bot, day in open_today.items() if (bot.pk, day) not in known]


def open_day(team: Team, calendar: Calendar, now: datetime) -> date | None:
    """Return the team's date if `now` is in its sending hours, else None."""
    return now.astimezone(team.zone).date() if EmailHours(team.zone, calendar).opens_at(now) <= now else None


def send_message(pk: int) -> str:
    """Send a message (id), or give it up after an error. Return its new state; "" if `claimed` returns None."""
    message = claimed(pk)
    if message is None:
        return ""
    try:
        return deliver(message)
    except Exception as error:  # an error in one message must not stop the others
        logger.exception("card %s could not be made", message.pk)
        return ended(message, ChatDeliveryState.GIVEN_UP, type(error).__name__)


def claimed(pk: int) -> ChatMessage | None:
    """Claim and return a message (id); None if not due, claimed elsewhere, or held by rate limit or circuit breaker."""
    now = timezone.now()
    message = ChatMessage.objects.due(now).filter(pk=pk).select_related("bot__team").first()
    if message is None or recently_tried(message.bot, now) >= PACE or not breaker_of(message).allows():
        return None
    mine = ChatMessage.objects.due(now).filter(pk=pk).order_by()
    if not mine.update(next_at=now + CLAIMED_FOR, tried_at=now, tries=F("tries") + 1):
        return None
    message.tries += 1
    return message


def recently_tried(bot: ChatBot, now: datetime) -> int:
    """Return the number of attempts at the bot's address in the minute before `now`."""
    return ChatMessage.objects.filter(bot__address=bot.address, tried_at__range=(now - MINUTE, now)).count()


def deliver(message: ChatMessage) -> str:
    """Send a claimed message, skip it, or give up. Return its new state."""
    bot, now = message.bot, timezone.now()
    if message.is_try:
        return handed_over(message, build_test_message(bot))
    if not bot.is_on or bot.refused_at:
        return ended(message, ChatDeliveryState.SKIPPED, "the group-chat bot is no longer used")
    if open_day(bot.team, calendar_of(bot.team), now) != message.day:
        return given_up(message, message.why or "the day ended before it was sent")
    figures = group_statistics_of(bot.team, now)
    if reason := reason_not_to_send(bot, figures):
        return ended(message, ChatDeliveryState.SKIPPED, reason)
    return handed_over(message, summary_message(bot, figures))


def handed_over(message: ChatMessage, content: ChatContent) -> str:
    answer = post_message(message.bot.service, message.bot.address, message.bot.secret, content)
    if answer.verdict == ChatResult.UNREACHABLE:
        breaker_of(message).note_failure(answer.words)
    else:
        breaker_of(message).note_answer()
    return handle_response(message, answer)


def breaker_of(message: ChatMessage) -> CircuitBreaker:
    return CircuitBreaker(server_of(message.bot.address))


def handle_response(message: ChatMessage, answer: ChatResponse) -> str:
    """Store the state that follows from the answer, with the time of a retry. Return it."""
    if answer.verdict == ChatResult.DELIVERED:
        return ended(message, ChatDeliveryState.SENT, answer.words)
    if answer.verdict == ChatResult.REFUSED:
        return refused(message, answer.words)
    if message.is_try:
        return ended(message, ChatDeliveryState.GIVEN_UP, answer.words)
    now = timezone.now()
    if now >= message.written_at + GIVEN_UP_AFTER:
        return given_up(message, answer.words)
    pause = PAUSES[min(message.tries, len(PAUSES)) - 1]
    store_state(
        message, ChatDeliveryState.LATER, answer.words, next_at=min(now + pause, message.written_at + GIVEN_UP_AFTER)
    )
    return ChatDeliveryState.LATER.value


@transaction.atomic
def refused(message: ChatMessage, why: str) -> str:
    """Stop using the bot unless it was changed meanwhile; email managers, but not about a test message. Return the new
    state. `why`: answer of the service.
    """
    asked = ChatBot.objects.filter(pk=message.bot_id, address=message.bot.address, secret=message.bot.secret)
    asked.update(refused_at=timezone.now(), refused_why=why)
    if not message.is_try:
        notify_managers(message)
    return ended(message, ChatDeliveryState.REFUSED, why)


@transaction.atomic
def given_up(message: ChatMessage, why: str) -> str:
    notify_managers(message)
    return ended(message, ChatDeliveryState.GIVEN_UP, why)


def notify_managers(message: ChatMessage) -> None:
    for person in managers_near(message.bot.team) or people_with_role(HR):
        queue_email(EMAIL_TYPE, person, key=f"{EMAIL_TYPE}:{message.pk}:{person.pk}", data={"message": message.pk})


def managers_near(team: Team) -> list[User]:
    """Return the managers of the team, else of the nearest team above that has any, else []. Runs one query."""
    team_ids = team.line[::-1]
    managers = Membership.objects.filter(team__in=team_ids, role=Membership.Role.MANAGER, person__is_active=True)
    of_team: dict[int, list[User]] = {}
    for manager in managers.select_related("person").order_by("pk"):
        of_team.setdefault(manager.team_id, []).append(manager.person)
    return next((of_team[key] for key in team_ids if key in of_team), [])


def ended(message: ChatMessage, state: ChatDeliveryState, why: str = "") -> str:
    store_state(message, state, why, ended_at=timezone.now())
    return state.value


def store_state(message: ChatMessage, state: ChatDeliveryState, why: str, **times: datetime) -> None:
    if state in (ChatDeliveryState.LATER, ChatDeliveryState.REFUSED, ChatDeliveryState.GIVEN_UP):
        logger.warning("chat message %s, %s: %s", message.pk, message.bot.service, state.value)
    ChatMessage.objects.filter(pk=message.pk).update(state=state, why=why, **times)


def register() -> None:
    """Register the email about undelivered messages, and the jobs."""
    template = "assignments/mail/group_summary.txt"
    words = _("Group-chat message that was not delivered")
    questions = one_by_one(still_wanted), one_by_one(in_words)
    register_email_type(
        EMAIL_TYPE, EmailType(words, template, *questions, EmailCategory.SUBSCRIBED, is_for=is_notified_of_bots)
    )
    words = _("Send team progress to chat groups")
    every_minute = Every(timedelta(minutes=1))
    schedule("send-chat-summaries", words, send_summaries, every_minute, has_work=is_anything_due, queue=DELIVERY)
    words = _("Delete group-chat messages after 90 days")
    schedule("delete-old-chat-messages", words, delete_old_messages, Daily(time_of_day(4, 10)))


def is_notified_of_bots(person: User) -> bool:
    return (handles_people(person) or is_manager(person)) and ChatBot.objects.in_use().exists()


def message_of(email: OutgoingEmail) -> ChatMessage | None:
    return ChatMessage.objects.select_related("bot__team").filter(pk=email.data["message"]).first()


def still_wanted(email: OutgoingEmail) -> str:
    message = message_of(email)
    if message is None:
        return gettext_noop("the group-chat bot was deleted")
    if not (handles_people(email.person) or teams_managed_by(email.person).filter(pk=message.bot.team_id).exists()):
        return gettext_noop("the recipient no longer manages the team")
    if ChatMessage.objects.filter(bot=message.bot_id, day__gt=message.day).exists():
        return gettext_noop("a newer summary has replaced this message")
    is_urgent = group_statistics_of(message.bot.team, timezone.now()).is_urgent
    return "" if is_urgent else gettext_noop("nobody is late any more, and nothing is due within 3 days")


def in_words(email: OutgoingEmail) -> dict[str, object]:
    """Return the template context. Raise LookupError if the message was deleted."""
    message = message_of(email)
    if message is None:
        raise LookupError("asked without being wanted")
    team = message.bot.team
    with translation.override(email.language or settings.LANGUAGE_CODE):
        lines = summary_lines(group_statistics_of(team, timezone.now()), by_state=True)
        service = message.bot.get_service_display()
    return {
        "name": email.person.name,  # type: ignore[union-attr]  # these emails always have a person
        "team": team.name,
        "service": service,
        "why": message.why,
        "is_shut": message.state == "refused",
        "lines": lines,
        "board": dashboard_url(team),
    }


def delete_old_messages() -> str:
    return str(ChatMessage.objects.filter(written_at__lt=timezone.now() - KEPT_FOR).delete()[0])
