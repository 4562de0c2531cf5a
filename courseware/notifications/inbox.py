"""Notifications: lines on the site that repeat what emails tell."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from django.db.models import Count, OuterRef, QuerySet
from django.utils import timezone

from courseware.notifications.email.email_types import MESSAGE_KINDS, NotificationText
from courseware.notifications.models import Notification


def unread_of(person: OuterRef) -> QuerySet[Notification, int]:
    """How many lines are unread, as a subquery of people: one row, or none."""
    lines = Notification.objects.unread().filter(person=person).order_by().values("person")
    return lines.annotate(number=Count("pk")).values_list("number", flat=True)


def in_words(lines: Iterable[Notification]) -> list[tuple[Notification, NotificationText]]:
    """Each line with its text, in the same order. Runs as many queries as there are types."""
    lines = list(lines)
    said: dict[int, NotificationText] = {}
    for name, of_kind in groupby(sorted(lines, key=attrgetter("kind")), key=attrgetter("kind")):
        kind = MESSAGE_KINDS.get(name)
        found: Sequence[Notification] = list(of_kind)
        # What it told of may be gone, or the version that knew the kind.
        said |= {line.pk: NotificationText(str(kind.words) if kind else name) for line in found}
        if kind and kind.lines:
            said |= kind.lines(found)
    return [(line, said[line.pk]) for line in lines]


def mark_read(person: int | None, *, up_to: int) -> int:
    """Mark lines up to this one read: later ones were not on the page. Returns how many."""
    return Notification.objects.of(person).unread().filter(pk__lte=up_to).update(read_at=timezone.now())


def delete_old_notifications() -> str:
    return str(Notification.objects.over(timezone.now()).delete()[0])
