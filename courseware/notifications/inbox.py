"""Inbox: notifications on the site, their texts, marking them read, and deleting old ones."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from django.db.models import Count, OuterRef, QuerySet
from django.utils import timezone

from courseware.notifications.email.email_types import EMAIL_TYPES, NotificationText
from courseware.notifications.models import Notification


def unread_of(person: OuterRef) -> QuerySet[Notification, int]:
    """Return a subquery for the number of unread notifications; no row for 0. `person`: OuterRef to a user id."""
    unread = Notification.objects.unread().filter(person=person).order_by().values("person")
    return unread.annotate(number=Count("pk")).values_list("number", flat=True)


def in_words(notifications: Iterable[Notification]) -> list[tuple[Notification, NotificationText]]:
    """Return (notification, its text) in the order of the notifications. Runs the queries of each email type once."""
    notifications = list(notifications)
    texts: dict[int, NotificationText] = {}
    for name, same_kind in groupby(sorted(notifications, key=attrgetter("kind")), key=attrgetter("kind")):
        email_type = EMAIL_TYPES.get(name)
        found: Sequence[Notification] = list(same_kind)
        # The default, if the data behind it was deleted or this version lacks the email type.
        texts |= {
            notification.pk: NotificationText(str(email_type.words) if email_type else name) for notification in found
        }
        if email_type and email_type.lines:
            texts |= email_type.lines(found)
    return [(notification, texts[notification.pk]) for notification in notifications]


def mark_read(person: int | None, *, up_to: int) -> int:
    """Mark notifications of `person` (user id) with ids of at most `up_to` as read; return how many were unread."""
    return Notification.objects.of(person).unread().filter(pk__lte=up_to).update(read_at=timezone.now())


def delete_old_notifications() -> str:
    """Delete notifications older than LINES_KEPT_FOR; return how many, as text."""
    return str(Notification.objects.over(timezone.now()).delete()[0])
