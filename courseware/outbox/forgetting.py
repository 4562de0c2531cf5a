"""Delete old emails to addresses without an account."""

from datetime import timedelta

from django.utils import timezone

from courseware.outbox.models import Message, MessageState

KEPT = timedelta(days=14)


def forget_strangers() -> str:
    old = Message.objects.filter(person=None, written_at__lt=timezone.now() - KEPT).exclude(state=MessageState.QUEUED)
    return str(old.delete()[0])
