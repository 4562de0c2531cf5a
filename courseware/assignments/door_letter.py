"""The letter that tells the leads what their group was not told, because its door did not open."""

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.models import User
from courseware.accounts.permissions import handles_people, is_manager, teams_managed_by
from courseware.assignments.door_sending import LETTER
from courseware.assignments.group_doors import GroupCard, GroupDoor
from courseware.assignments.group_summaries import board_address, figures_of, summary_lines
from courseware.outbox.kinds import LetterSort, MessageKind, one_by_one, register_kind
from courseware.outbox.models import Message


def register_letter() -> None:
    template = "assignments/mail/group_summary.txt"
    words = _("What a chat group was not told")
    questions = one_by_one(still_wanted), one_by_one(in_words)
    register_kind(LETTER, MessageKind(words, template, *questions, LetterSort.SUBSCRIBED, is_for=is_told_of_doors))


def is_told_of_doors(person: User) -> bool:
    return (handles_people(person) or is_manager(person)) and GroupDoor.objects.in_use().exists()


def card_of(message: Message) -> GroupCard | None:
    return GroupCard.objects.select_related("door__team").filter(pk=message.data["card"]).first()


def still_wanted(message: Message) -> str:
    card = card_of(message)
    if card is None:
        return gettext_noop("the door into the group was taken away")
    if not (handles_people(message.person) or teams_managed_by(message.person).filter(pk=card.door.team_id).exists()):
        return gettext_noop("the reader does not lead the team any more")
    if GroupCard.objects.filter(door=card.door_id, day__gt=card.day).exists():
        return gettext_noop("a later day has a summary of its own")
    is_urgent = figures_of(card.door.team, timezone.now()).is_urgent
    return "" if is_urgent else gettext_noop("nobody is late any more, and nothing is due within three days")


def in_words(message: Message) -> dict[str, object]:
    card = card_of(message)
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
        "board": board_address(team),
    }
