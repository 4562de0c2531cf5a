"""What a card says to a chat group: how many, by when, and where to go on. It names nobody."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from courseware.accounts.models import Membership, Team
from courseware.accounts.permissions import learners_of
from courseware.assignments.group_doors import GroupDoor
from courseware.learning.due import day_in_words
from courseware.learning.headcounts import Headcount, Tally
from courseware.learning.states import NO_DAY, State
from courseware.lib.dates import due_day
from courseware.lib.disclosure import STEP
from courseware.outbox.chat_cards import ChatCard

BOARD_PAGES: list[str] = []


def register_board_page(url_name: str) -> None:
    """Where those who lead see who it is; it takes `team`. The room that has boards says it."""
    BOARD_PAGES[:] = [url_name]


@dataclass(frozen=True)
class GroupFigures:
    tally: Tally
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


def why_nothing(door: GroupDoor, figures: GroupFigures) -> str:
    """Why the group is told nothing today, or "". A number about fewer than five colleagues would name them."""
    if not figures.is_urgent:
        return "nobody is late, and nothing is due within three days"
    if not door.is_for_leads and people_learning_in(door.team) < STEP:
        return f"fewer than {STEP} people learn here: a number would name them"
    return ""


def people_learning_in(team: Team) -> int:
    people = learners_of(Team.objects.filter(pk=team.pk).with_those_below())
    return Membership.objects.filter(person__in=people, person__is_active=True).values("person").distinct().count()


def summary_card(door: GroupDoor, figures: GroupFigures) -> ChatCard:
    with translation.override(door.language):
        return card_of(door, summary_lines(figures, by_state=door.is_for_leads))


def trial_card(door: GroupDoor) -> ChatCard:
    with translation.override(door.language):
        words = gettext("This is a try: the robot of this group works. It says how many and by when, and names nobody.")
        return card_of(door, [words])


def card_of(door: GroupDoor, lines: list[str]) -> ChatCard:
    title = gettext("%(team)s: training") % {"team": door.team.name}
    if door.is_for_leads:
        return ChatCard(title, lines, gettext("Open the board"), board_address(door.team))
    return ChatCard(title, lines, gettext("Open my training"), on_the_site(reverse("home")))


def summary_lines(figures: GroupFigures, *, by_state: bool) -> list[str]:
    """In the language that is active. `by_state`: each number as on the board, for those who lead."""
    said = {
        "late": figures.tally.number_in(State.OVERDUE),
        "soon": figures.tally.number_in(State.DUE_SOON),
        "day": day_in_words(figures.next_day) if figures.next_day else "",
        "open": figures.open,
    }
    if by_state:
        lines = [f"{state.label}{gettext(': ')}{number}" for state, number in figures.tally.states.items() if number]
        return [*lines, gettext("Next due day: %(day)s") % said] if figures.next_day else lines
    lines = [gettext("Late: %(late)d") % said] if said["late"] else []
    if said["soon"]:
        lines.append(gettext("Due within three days: %(soon)d, the first by %(day)s") % said)
    return [*lines, gettext("Open altogether: %(open)d") % said]


def board_address(team: Team) -> str:
    [page] = BOARD_PAGES
    return on_the_site(f"{reverse(page)}?team={team.pk}")


def on_the_site(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"
