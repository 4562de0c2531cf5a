"""Screens: their keys, their values, and what stands below (docs/formats.md §4)."""

from collections import Counter
from collections.abc import Iterator

from courseware.course_format.checks.registry import always
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding, nearest, nearest_or_all
from courseware.course_format.parsing import mockups
from courseware.course_format.parsing.blocks import SCREEN, Mockup

MOST_COLUMNS, MOST_ROWS = 5, 8  # of a plan, which is read on a phone
MOST_MESSAGES = 12
MOST_LETTERS = 120  # in the value of a key

Found = Iterator[tuple[int, Finding]]


@always
def check_screens(course: CourseText) -> Iterator[Diagnostic]:
    for _source, document in course.texts():
        for screen in document.blocks(Mockup):
            yield from (Diagnostic(document.path, line, finding) for line, finding in _check(screen))


def _check(screen: Mockup) -> Found:
    form = mockups.SCREENS.get(screen.kind)
    if form is None:
        yield screen.line, Finding("unknown-screen", kind=screen.kind, **nearest_or_all(screen.kind, mockups.SCREENS))
        return
    text = mockups.read_screen(screen)
    yield from _keys(screen, form, text)
    for fact in text.facts:
        yield from ((fact.line, finding) for finding in _value(fact))
    if not text.body and not form.may_be_bare:
        yield screen.line, Finding("empty-screen", kind=screen.kind)
    elif form.below == mockups.MESSAGES:
        yield from _messages(screen, text)
    elif form.below == mockups.TABLE:
        yield from _plan(screen, text)


def _keys(screen: Mockup, form: mockups.MockupKind, text: mockups.MockupText) -> Found:
    within, known = f"[!{SCREEN} {screen.kind}]", (*form.needed, *form.further)
    first: dict[str, int] = {}
    for fact in text.facts:
        if fact.key not in known:
            near = nearest(fact.key, known)
            yield fact.line, Finding("unknown-inner-key", key=fact.key, within=within, nearest=near)
        elif fact.key in first:
            yield fact.line, Finding("key-twice", key=fact.key, first=first[fact.key])
        first.setdefault(fact.key, fact.line)
    for key in form.needed:
        if key not in first:
            yield screen.line, Finding("key-missing", key=key, within=within)


def _value(fact: mockups.MockupField) -> Iterator[Finding]:
    if fact.is_full_width:
        yield Finding("full-width-colon", key=fact.key)
    if not fact.value:
        yield Finding("value-missing", key=fact.key, expected="a text")
    elif fact.key == "on-file" and fact.value not in mockups.ON_FILE:
        yield Finding("wrong-text", key=fact.key, expected=" or ".join(mockups.ON_FILE), got=fact.value)
    elif len(fact.value) > MOST_LETTERS:
        expected = f"at most {MOST_LETTERS} characters"
        yield Finding("wrong-text", key=fact.key, expected=expected, got=fact.value)


def _messages(screen: Mockup, text: mockups.MockupText) -> Found:
    messages = mockups.messages_of(text.body)
    for message in messages:
        if not message.who:
            yield screen.line, Finding("message-of-nobody", text=message.text)
    if len(messages) > MOST_MESSAGES:
        yield screen.line, Finding("too-many-messages", count=len(messages), most=MOST_MESSAGES)


def _plan(screen: Mockup, text: mockups.MockupText) -> Found:
    grid = mockups.grid_of(text.body)
    is_table = all(line.lstrip().startswith("|") for line in text.body.split("\n") if line.strip())
    if not is_table or not grid or len(grid) > MOST_ROWS or len(grid[0]) > MOST_COLUMNS:
        yield screen.line, Finding("plan-not-a-table", columns=MOST_COLUMNS, rows=MOST_ROWS)
        return
    yield from _rooms(screen, text, Counter(room.name for room in mockups.rooms_of(grid) if room.name))


def _rooms(screen: Mockup, text: mockups.MockupText, rooms: Counter[str]) -> Found:
    """`rooms`: name of a room → in how many pieces it is drawn."""
    for name, pieces in rooms.items():
        if pieces > 1:
            yield screen.line, Finding("place-in-pieces", place=name)
    for fact in text.facts:
        names = mockups.listed(fact.value) if fact.key in mockups.PLACES else ()
        for name in names:
            if name not in rooms:
                finding = Finding("unknown-place", key=fact.key, place=name, **nearest_or_all(name, rooms))
                yield fact.line, finding
