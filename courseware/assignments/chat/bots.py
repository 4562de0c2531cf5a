"""Save, delete and test group-chat bots."""

from django.db import IntegrityError, transaction

from courseware.accounts.models import User
from courseware.assignments.chat.delivery import send_test_message
from courseware.assignments.models import WAITING, ChatBot, ChatMessage
from courseware.audit_log.record import record


@transaction.atomic
def save_bot(bot: ChatBot, changed: list[str], *, by: User) -> None:
    """Save and log a validated bot, and use it again if its service refused it. Do nothing if it was deleted, or if it
    exists, was not refused and `changed` (names of changed fields) is empty.
    """
    is_new = bot.pk is None
    if not is_new and not ChatBot.objects.select_for_update(no_key=True).filter(pk=bot.pk):
        return  # it was deleted meanwhile
    if not (is_new or changed or bot.refused_at):
        return
    bot.refused_at, bot.refused_why = None, ""
    bot.save()
    data = {"bot": bot.pk, "service": bot.service}
    if is_new:
        record("chat-bot-added", actor=by, subject=bot.team, data=data)
    else:
        record("chat-bot-changed", actor=by, subject=bot.team, data={**data, "fields": sorted(changed)})


@transaction.atomic
def remove_bot(bot: ChatBot, *, by: User) -> bool:
    """Delete and log the bot. Return False if it was already deleted."""
    found = ChatBot.objects.select_for_update(no_key=True).filter(pk=bot.pk).first()
    if found is None:
        return False
    found.delete()
    record("chat-bot-removed", actor=by, subject=bot.team, data={"bot": bot.pk, "service": bot.service})
    return True


def request_test_message(bot: ChatBot, *, by: User) -> bool:
    """Queue and log a test message. Return False if one is waiting, or the bot was refused or deleted."""
    try:
        with transaction.atomic():
            found = ChatBot.objects.select_for_update(no_key=True).filter(pk=bot.pk, refused_at=None)
            if not found or ChatMessage.objects.filter(WAITING, bot=bot, day=None).exists():
                return False
            message = ChatMessage.objects.create(bot=bot)
            send_test_message.enqueue(message.pk)
            record("chat-bot-tested", actor=by, subject=bot.team, data={"bot": bot.pk, "service": bot.service})
    except IntegrityError:  # requested twice at the same moment
        return False
    return True
