"""The tray: what letters tell somebody, as lines on the site, read or not."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from django.db.models import Count, OuterRef, QuerySet
from django.utils import timezone

from courseware.outbox.kinds import MESSAGE_KINDS, LineWords
from courseware.outbox.tray_lines import TrayLine


def unread_of(person: OuterRef) -> QuerySet[TrayLine, int]:
    """How many lines of a person are unread, for a query of people: one row, or none."""
    lines = TrayLine.objects.unread().filter(person=person).order_by().values("person")
    return lines.annotate(number=Count("pk")).values_list("number", flat=True)


def in_words(lines: Iterable[TrayLine]) -> list[tuple[TrayLine, LineWords]]:
    """Each with its words, in their order. As many queries as its kinds ask, however many lines there are."""
    lines = list(lines)
    said: dict[int, LineWords] = {}
    for name, of_kind in groupby(sorted(lines, key=attrgetter("kind")), key=attrgetter("kind")):
        kind = MESSAGE_KINDS.get(name)
        found: Sequence[TrayLine] = list(of_kind)
        # What it told of may be gone, or the version that knew the kind.
        said |= {line.pk: LineWords(str(kind.words) if kind else name) for line in found}
        if kind and kind.lines:
            said |= kind.lines(found)
    return [(line, said[line.pk]) for line in lines]


def mark_read(person: int | None, *, up_to: int) -> int:
    """All lines of a person up to this one: what has come since the page was opened stays unread. Says how many."""
    return TrayLine.objects.of(person).unread().filter(pk__lte=up_to).update(read_at=timezone.now())


def mark_one_read(line: TrayLine) -> None:
    TrayLine.objects.unread().filter(pk=line.pk).update(read_at=timezone.now())


def forget_old_lines() -> str:
    return str(TrayLine.objects.over(timezone.now()).delete()[0])
