"""Chat bots of groups: saved, removed, tried, and reported to admins if a service refuses them."""

from django.db import IntegrityError, transaction

from courseware.accounts.models import User
from courseware.assignments.chat.delivery import send_test_message
from courseware.assignments.models import WAITING, ChatBot, ChatMessage
from courseware.audit_log.record import record


@transaction.atomic
def save_bot(door: ChatBot, changed: list[str], *, by: User) -> None:
    """Save a validated chat bot. One that its service refused is used again, even if nothing changed."""
    is_new = door.pk is None
    if not is_new and not ChatBot.objects.select_for_update(no_key=True).filter(pk=door.pk):
        return  # somebody has taken it away meanwhile
    if not (is_new or changed or door.refused_at):
        return
    door.refused_at, door.refused_why = None, ""
    door.save()
    data = {"door": door.pk, "service": door.service}
    if is_new:
        record("chat-bot-added", actor=by, subject=door.team, data=data)
    else:
        record("chat-bot-changed", actor=by, subject=door.team, data={**data, "fields": sorted(changed)})


@transaction.atomic
def remove_bot(door: ChatBot, *, by: User) -> bool:
    found = ChatBot.objects.select_for_update(no_key=True).filter(pk=door.pk).first()
    if found is None:
        return False
    found.delete()
    record("chat-bot-removed", actor=by, subject=door.team, data={"door": door.pk, "service": door.service})
    return True


def request_test_message(door: ChatBot, *, by: User) -> bool:
    """Queue a test card. False if one is on its way, or if the service refused a card of this chat bot."""
    try:
        with transaction.atomic():
            found = ChatBot.objects.select_for_update(no_key=True).filter(pk=door.pk, refused_at=None)
            if not found or ChatMessage.objects.filter(WAITING, door=door, day=None).exists():
                return False
            card = ChatMessage.objects.create(door=door)
            send_test_message.enqueue(card.pk)
            record("chat-bot-tested", actor=by, subject=door.team, data={"door": door.pk, "service": door.service})
    except IntegrityError:  # pressed twice at the same moment
        return False
    return True
