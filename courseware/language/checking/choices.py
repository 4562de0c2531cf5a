"""Questions: their lists, ticks, reasons and quoted texts, in every language (formats.md §5, §8)."""

import re
from collections.abc import Iterator

from courseware.language.course import CourseText
from courseware.language.documents import Problem
from courseware.language.lists import FORMS, GROUPED, SURVEY_FORMS, Item
from courseware.language.parsing import Document, Section
from courseware.language.spans import plain

MAX_CHOICES = 26

_EXPECTED = {
    "one": 'a list of "- [ ]" with one "- [x]"',
    "several": 'a list of "- [ ]" and "- [x]"',
    "mark": 'a list of "- [ ]" and "- [x]"',
    "order": 'a list of "1.", "2.", … in the right order',
    "sort": 'a list of "- **group**" with members below each',
}
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])\s+(?=[\u2e80-\u9fff\uff00-\uffef])")


def check_choices(course: CourseText) -> Iterator[Problem]:
    for document in course.of_kind("lesson", "bank"):
        for translation in course.documents[document.id].values():
            for section in translation.questions:
                if section.kind in FORMS and section.id:
                    yield from _check_question(translation, section, is_source=translation is document)
        if document.kind == "bank":
            yield from _check_only_questions(document)


def _check_question(document: Document, section: Section, *, is_source: bool) -> Iterator[Problem]:
    if section.choices is None:
        message = f'"{section.title[:40]}" has no choices; expected {_EXPECTED[section.kind]}'
        yield Problem(document.path, section.line, message)
        return
    items = section.choices.items
    findings = [*_form(section.kind, items), *_texts(section.kind, items)]
    if section.kind == "mark":
        findings += _pieces(section)
    if is_source and not findings:
        findings += _ticks(section.kind, items, section.line)
    for line, message in findings:
        yield Problem(document.path, line, message)


def _form(kind: str, items: tuple[Item, ...]) -> Iterator[tuple[int, str]]:
    """What is wrong with the signs in front of the items, and with their number."""
    count = sum(len(item.members) for item in items) if FORMS[kind] == GROUPED else len(items)
    if len(items) < 2 or count > MAX_CHOICES:
        yield items[0].line, f"expected from 2 to {MAX_CHOICES} {'groups and members' if kind == 'sort' else 'choices'}"
    if kind == "order":
        for item in items:
            if not item.numbered:
                yield item.line, 'a step of an .order question begins with "1.", "2.", …'
        return
    other = next((item for item in items if item.numbered != items[0].numbered), None)
    if other:
        yield other.line, "choices mix bullets and numbers"
    for item in items:
        if kind != "sort" and not item.box:
            yield item.line, f'no tick box before "{item.text[:30]}"; expected "- [ ]" or "- [x]"'
        elif kind == "sort" and not re.fullmatch(r"\*\*[^*]+\*\*", item.text):
            yield item.line, f'a group of a .sort question is bold: expected "- **group**", got "{item.text[:30]}"'
        elif kind == "sort" and not item.members:
            yield item.line, f'group "{item.text.strip("*")[:30]}" is empty'


def _texts(kind: str, items: tuple[Item, ...]) -> Iterator[tuple[int, str]]:
    choices = [member for item in items for member in item.members] if kind == "sort" else list(items)
    first: dict[str, int] = {}
    for choice in choices:
        shown = choice.text[:30]
        if not choice.text:
            yield choice.line, "a choice has no text"
            continue
        if not choice.reason:
            yield choice.line, f'no reason under "{shown}"; expected a quote below it, indented by two spaces'
        if re.search(r"\{[#.][^}]*\}$", choice.text):
            yield choice.line, f'a choice is known by its place and has no id: take the braces out of "{shown}"'
        if choice.text in first:
            yield choice.line, f'"{shown}" already stands on line {first[choice.text]}'
        first.setdefault(choice.text, choice.line)
    for item in items if kind == "sort" else ():
        if item.reason:
            yield item.line, "a reason stands below each member, not below the group"


def _ticks(kind: str, items: tuple[Item, ...], line: int) -> Iterator[tuple[int, str]]:
    ticked = [item.line for item in items if item.box == "x"]
    if kind == "one" and len(ticked) != 1:
        lines = f"{len(ticked)} (lines {', '.join(map(str, ticked))})" if ticked else "none"
        yield line, f".one needs exactly one [x], found {lines}"
    if kind in ("several", "mark") and not ticked:
        yield line, f".{kind} needs at least one [x]"


def _pieces(section: Section) -> Iterator[tuple[int, str]]:
    """Each choice of a .mark question is a piece of the quoted text."""
    quoted = [line for line in section.stem.split("\n") if line.lstrip().startswith(">")]
    if not quoted:
        yield section.line, ".mark needs a quoted text above its choices"
        return
    text = _squeeze("\n".join(quoted))
    for item in section.choices.items:
        count = text.count(_squeeze(item.text)) if item.text else 1
        if count != 1:
            yield item.line, f'"{item.text[:30]}" occurs {count} times in the quoted text; it must occur once'


def _squeeze(text: str) -> str:
    """The text as it is read: one space for any blank, none between Chinese characters."""
    return _BETWEEN_HAN.sub("", " ".join(plain(text).split()))


def _check_only_questions(document: Document) -> Iterator[Problem]:
    for section in document.sections:
        if not section.id and section.blocks:
            yield Problem(document.path, section.line, "text before the first question; a bank holds questions only")
        elif section.after and section.kind in FORMS and section.choices:
            yield Problem(document.path, section.after[0].line, "text after the list of a bank question")


def check_survey_questions(course: CourseText) -> Iterator[Problem]:
    for document in course.of_kind("survey"):
        for translation in course.documents[document.id].values():
            for section in translation.sections:
                if section.kind in SURVEY_FORMS:
                    for line, message in _survey_list(section, is_source=translation is document):
                        yield Problem(translation.path, line, message)


def _survey_list(section: Section, *, is_source: bool) -> Iterator[tuple[int, str]]:
    items = section.choices.items if section.choices else ()
    if section.kind != "scale":
        if len(items) < 2:
            yield section.line, f'"{section.title[:40]}" needs a list of at least two answers'
    elif len(items) != 2:
        yield section.line, f"a .scale has two bullets, the words at its ends; found {len(items)}"
    if section.kind == "scale" and is_source:
        ends = [section.attrs.get(key, "") for key in ("from", "to")]
        if not all(end.isdecimal() for end in ends) or not 1 <= int(ends[1]) - int(ends[0]) <= 10:
            yield section.line, "a .scale needs from= and to=, at most 10 apart, as in from=1 to=5"
    for item in items:
        if re.match(r"\[[ xX]\]", item.text) or item.reason or item.numbered:
            yield item.line, "answers of a survey are plain bullets, without ticks and reasons"
