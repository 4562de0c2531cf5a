"""Lists with a meaning: choices of questions, and entries with ids (docs/formats.md §2, §5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import SourceLine
from courseware.course_format.parsing.braces import cut_braces

BOXED, NUMBERED, GROUPED, PLAIN, LINKED = "boxed", "numbered", "grouped", "plain", "linked"

# Form of the list in each question type; .open has no list.
FORMS = {"one": BOXED, "several": BOXED, "mark": BOXED, "order": NUMBERED, "sort": GROUPED}
SURVEY_FORMS = {"scale": PLAIN, "one": PLAIN, "several": PLAIN}
# In a node of a simulation, links are choices and tick boxes are parts of a message.
NODE_FORMS = dict.fromkeys(("call", "chat", "mail", "prompt", "alarm", "scene"), LINKED)

_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|[0-9]{1,3}[.)])[ \t]+(?P<rest>.*)")
_BOX = re.compile(r"\[(?P<box>[ xX])\](?:[ \t]+(?P<text>.*))?")
_REASON = re.compile(r"[ \t]+> ?(.*)")


@dataclass(frozen=True)
class Item:
    """A choice, step, group or (in `members`) member of a group. `box` is " " or "x", or "" without a tick box."""

    text: str
    reason: str
    box: str
    numbered: bool
    line: int
    members: tuple["Item", ...] = ()


@dataclass(frozen=True)
class Choices:
    """The list of a question or situation. `question_types.make_question` interprets it."""

    items: tuple[Item, ...]
    line: int


@dataclass(frozen=True)
class Entry:
    """A list item that ends in an id: an objective, outline point, source or term."""

    id: str
    text: str
    attrs: Mapping[str, str]
    line: int


@dataclass
class _Draft:
    text: list[str]
    box: str
    numbered: bool
    line: int
    reason: list[str] = field(default_factory=list)
    members: list["_Draft"] = field(default_factory=list)

    def finish(self) -> Item:
        members = tuple(member.finish() for member in self.members)
        reason = "\n".join(self.reason).strip("\n")
        return Item("\n".join(self.text), reason, self.box, self.numbered, self.line, members)


def cut_choices(
    lines: list[SourceLine], form: str, path: str, problems: list[Diagnostic]
) -> tuple[list[SourceLine], Choices | None, list[SourceLine]]:
    """Return (lines before a question's list, list or None, lines after). `form`: BOXED, …; items of another form stay
    in the list, unreported. Append other issues, which name the file `path`, to `problems`.
    """
    start = _opening(lines, form)
    if start is None:
        return lines, None, []
    drafts: list[_Draft] = []
    end = start
    while end < len(lines):
        if lines[end].text.strip() and not _take(lines[end], drafts, form, path, problems):
            break
        end += 1
    choices = Choices(tuple(draft.finish() for draft in drafts), lines[start].number)
    return lines[:start], choices, lines[end:]


def _opening(lines: list[SourceLine], form: str) -> int | None:
    """Return the index of the first list line, if possible of a list in the right form."""
    items = [(i, match) for i, line in enumerate(lines) if (match := _item(line)) and _width(match["indent"]) < 2]
    right = [i for i, match in items if _has_form(match, form)]
    if not right:
        # A list of any form, so that the checker can report each wrong line.
        return items[0][0] if items else None
    return _first_of_list(lines, [i for i, _ in items if i <= right[0]])


def _first_of_list(lines: list[SourceLine], items: list[int]) -> int:
    """Return the index of the first line of the list that contains the last of `items`. Lines above have any form."""
    *above, start = items
    for i in reversed(above):
        if not all(line.text[:1].isspace() and line.text.strip() for line in lines[i + 1 : start]):
            break
        start = i
    return start


def _item(line: SourceLine) -> re.Match[str] | None:
    return None if line.is_code else _ITEM.fullmatch(line.text)


def _has_form(match: re.Match[str], form: str) -> bool:
    if form == BOXED:
        return bool(_BOX.fullmatch(match["rest"]))
    if form == NUMBERED:
        return match["mark"][0].isdigit()
    if form == LINKED:
        return match["rest"].startswith("[")
    return form == PLAIN or match["rest"].startswith("**")


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))


def _take(line: SourceLine, drafts: list[_Draft], form: str, path: str, problems: list[Diagnostic]) -> bool:
    """Add a line to the list; return False if the list ended before it."""
    match = _item(line)
    if match and _width(match["indent"]) < 2:
        drafts.append(_draft(match, line, form))
        return True
    if not line.text[:1].isspace():
        return False
    _take_below(line, match, drafts, form, path, problems)
    return True


def _take_below(
    line: SourceLine,
    match: re.Match[str] | None,
    drafts: list[_Draft],
    form: str,
    path: str,
    problems: list[Diagnostic],
) -> None:
    latest = (drafts[-1].members or drafts)[-1]
    if match and form == GROUPED:
        drafts[-1].members.append(_draft(match, line, form))
    elif reason := _REASON.fullmatch(line.text):
        latest.reason.append(reason[1])
    elif latest.reason or match:
        finding = Finding("text-after-reason" if latest.reason else "list-in-choice", text=line.text.strip())
        problems.append(Diagnostic(path, line.number, finding))
    else:
        latest.text.append(line.text.strip())


def _draft(match: re.Match[str], line: SourceLine, form: str) -> _Draft:
    box = _BOX.fullmatch(match["rest"]) if form in (BOXED, LINKED) else None
    text = (box["text"] or "") if box else match["rest"]
    return _Draft([text.strip()], box["box"].lower() if box else "", match["mark"][0].isdigit(), line.number)


def cut_entries(
    lines: list[SourceLine], path: str, problems: list[Diagnostic], *, strict: bool
) -> list[Entry | list[SourceLine]]:
    """Return entries, and lists of lines between them. Append issues, which name the file `path`, to `problems`; if
    `strict`, also for list items without an id.
    """
    parts: list[Entry | list[SourceLine]] = []
    position = 0
    while position < len(lines):
        length = _entry_length(lines[position:])
        entry = _read_entry(lines[position : position + length], path, problems, strict=strict)
        if entry:
            parts.append(entry)
        elif parts and isinstance(parts[-1], list):
            parts[-1] += lines[position : position + max(length, 1)]
        else:
            parts.append(lines[position : position + max(length, 1)])
        position += max(length, 1)
    return parts


def _entry_length(lines: list[SourceLine]) -> int:
    match = _item(lines[0])
    if not match or _width(match["indent"]) >= 2:
        return 0
    length = 1
    while length < len(lines) and lines[length].text[:1].isspace() and lines[length].text.strip():
        length += 1
    return length


def _read_entry(lines: list[SourceLine], path: str, problems: list[Diagnostic], *, strict: bool) -> Entry | None:
    match = _item(lines[0]) if lines else None
    if match is None:
        return None
    text = "\n".join([match["rest"], *(line.text.strip() for line in lines[1:])])
    text, braces, findings = cut_braces(text)
    last = lines[-1].number
    problems += [Diagnostic(path, last, finding) for finding in findings]
    if braces.kind:
        problems.append(Diagnostic(path, last, Finding("entry-with-kind", kind=braces.kind)))
    if not braces.id:
        if strict and not findings:
            problems.append(Diagnostic(path, last, Finding("entry-without-id", text=text)))
        return None
    return Entry(braces.id, text, braces.attrs, lines[0].number)
