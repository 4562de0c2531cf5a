"""Checks of example screens: keys, values and content (docs/formats.md §4)."""

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
    """Report example screens of unknown kind, or with unknown keys, wrong values or too much content."""
    for _source, document in course.texts():
        for mockup in document.blocks(Mockup):
            yield from (Diagnostic(document.path, line, finding) for line, finding in _check(mockup))


def _check(mockup: Mockup) -> Found:
    form = mockups.MOCKUP_KINDS.get(mockup.kind)
    if form is None:
        yield (
            mockup.line,
            Finding("unknown-screen", kind=mockup.kind, **nearest_or_all(mockup.kind, mockups.MOCKUP_KINDS)),
        )
        return
    text = mockups.parse_mockup(mockup)
    yield from _keys(mockup, form, text)
    for field in text.facts:
        yield from ((field.line, finding) for finding in _value(field))
    if not text.body and not form.may_be_bare:
        yield mockup.line, Finding("empty-screen", kind=mockup.kind)
    elif form.below == mockups.MESSAGES:
        yield from _messages(mockup, text)
    elif form.below == mockups.TABLE:
        yield from _plan(mockup, text)


def _keys(mockup: Mockup, form: mockups.MockupKind, text: mockups.MockupText) -> Found:
    within, known = f"[!{SCREEN} {mockup.kind}]", (*form.needed, *form.further)
    first: dict[str, int] = {}
    for field in text.facts:
        if field.key not in known:
            near = nearest(field.key, known)
            yield field.line, Finding("unknown-inner-key", key=field.key, within=within, nearest=near)
        elif field.key in first:
            yield field.line, Finding("key-twice", key=field.key, first=first[field.key])
        first.setdefault(field.key, field.line)
    for key in form.needed:
        if key not in first:
            yield mockup.line, Finding("key-missing", key=key, within=within)


def _value(field: mockups.MockupField) -> Iterator[Finding]:
    if field.is_full_width:
        yield Finding("full-width-colon", key=field.key)
    if not field.value:
        yield Finding("value-missing", key=field.key, expected="a text")
    elif field.key == "on-file" and field.value not in mockups.ON_FILE:
        yield Finding("wrong-text", key=field.key, expected=" or ".join(mockups.ON_FILE), got=field.value)
    elif len(field.value) > MOST_LETTERS:
        expected = f"at most {MOST_LETTERS} characters"
        yield Finding("wrong-text", key=field.key, expected=expected, got=field.value)


def _messages(mockup: Mockup, text: mockups.MockupText) -> Found:
    messages = mockups.messages_of(text.body)
    for message in messages:
        if not message.who:
            yield mockup.line, Finding("message-of-nobody", text=message.text)
    if len(messages) > MOST_MESSAGES:
        yield mockup.line, Finding("too-many-messages", count=len(messages), most=MOST_MESSAGES)


def _plan(mockup: Mockup, text: mockups.MockupText) -> Found:
    grid = mockups.grid_of(text.body)
    is_table = all(line.lstrip().startswith("|") for line in text.body.split("\n") if line.strip())
    if not is_table or not grid or len(grid) > MOST_ROWS or len(grid[0]) > MOST_COLUMNS:
        yield mockup.line, Finding("plan-not-a-table", columns=MOST_COLUMNS, rows=MOST_ROWS)
        return
    yield from _rooms(mockup, text, Counter(room.name for room in mockups.rooms_of(grid) if room.name))


def _rooms(mockup: Mockup, text: mockups.MockupText, rooms: Counter[str]) -> Found:
    """`rooms`: name of a room → number of pieces in which it is drawn."""
    for name, pieces in rooms.items():
        if pieces > 1:
            yield mockup.line, Finding("place-in-pieces", place=name)
    for field in text.facts:
        names = mockups.listed(field.value) if field.key in mockups.PLACES else ()
        for name in names:
            if name not in rooms:
                finding = Finding("unknown-place", key=field.key, place=name, **nearest_or_all(name, rooms))
                yield field.line, finding
