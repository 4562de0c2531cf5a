"""Checks of choices in questions: lists, ticks, reasons, quoted texts, in every language (docs/formats.md §5, §8)."""

import re
from collections.abc import Iterator

from courseware.course_format.checks.registry import always
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import Callout, Mockup, Prose, split
from courseware.course_format.parsing.lists import FORMS, SURVEY_FORMS, Item
from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.parsing.mockups import printed_on
from courseware.course_format.parsing.parser import ParsedDocument, Section

MAX_CHOICES = 26

_EXPECTED = {
    "one": 'a list of "- [ ]" with one "- [x]"',
    "several": 'a list of "- [ ]" and "- [x]"',
    "mark": 'a list of "- [ ]" and "- [x]"',
    "order": 'a list of "1.", "2.", … in the right order',
    "sort": 'a list of "- **group**" with members below each',
}
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])\s+(?=[\u2e80-\u9fff\uff00-\uffef])")


@always
def check_choices(course: CourseText) -> Iterator[Diagnostic]:
    """Report faulty lists of options in lessons and banks, and text in a bank that belongs to no question."""
    for document, text in course.texts("lesson", "bank"):
        for section in text.questions:
            if section.kind in FORMS and section.id:
                yield from _check_question(text, section, is_source=text is document)
        if document.kind == "bank" and text is document:
            yield from _check_only_questions(document)


def _check_question(document: ParsedDocument, section: Section, *, is_source: bool) -> Iterator[Diagnostic]:
    if section.choices is None:
        yield document.problem(section.line, "no-choices", title=section.title, expected=_EXPECTED[section.kind])
        return
    items = section.items
    findings = [*_number(section.kind, items), *_form(section.kind, items), *_texts(section.kind, items)]
    if section.kind == "mark":
        findings += _pieces(section)
    if is_source and not findings:
        findings += _ticks(section.kind, items, section.line)
    for line, finding in findings:
        yield Diagnostic(document.path, line, finding)


def _number(kind: str, items: tuple[Item, ...]) -> Iterator[tuple[int, Finding]]:
    if len(items) < 2 or len(_choices_in(kind, items)) > MAX_CHOICES:
        yield items[0].line, Finding("number-of-members" if kind == "sort" else "number-of-choices", most=MAX_CHOICES)


def _form(kind: str, items: tuple[Item, ...]) -> Iterator[tuple[int, Finding]]:
    if kind == "order":
        yield from ((item.line, Finding("step-without-number")) for item in items if not item.numbered)
        return
    other = next((item for item in items if item.numbered != items[0].numbered), None)
    if other:
        yield other.line, Finding("bullets-and-numbers")
    if kind == "sort":
        yield from _groups(items)
    else:
        yield from ((item.line, Finding("no-tick-box", choice=item.text)) for item in items if not item.box)


def _groups(items: tuple[Item, ...]) -> Iterator[tuple[int, Finding]]:
    for item in items:
        if not re.fullmatch(r"\*\*[^*]+\*\*", item.text):
            yield item.line, Finding("group-not-bold", got=item.text)
        elif not item.members:
            yield item.line, Finding("empty-group", group=item.text.strip("*"))


def _choices_in(kind: str, items: tuple[Item, ...]) -> list[Item]:
    return [member for item in items for member in item.members] if kind == "sort" else list(items)


def _texts(kind: str, items: tuple[Item, ...]) -> Iterator[tuple[int, Finding]]:
    first: dict[str, int] = {}
    for choice in _choices_in(kind, items):
        if not choice.text:
            yield choice.line, Finding("choice-without-text")
            continue
        if not choice.reason:
            yield choice.line, Finding("choice-without-reason", choice=choice.text)
        if re.search(r"\{[#.][^}]*\}$", choice.text):
            yield choice.line, Finding("choice-with-braces", choice=choice.text)
        if choice.text in first:
            yield choice.line, Finding("choice-twice", choice=choice.text, first=first[choice.text])
        first.setdefault(choice.text, choice.line)
    if kind == "sort":
        yield from ((item.line, Finding("reason-below-group")) for item in items if item.reason)


def _ticks(kind: str, items: tuple[Item, ...], line: int) -> Iterator[tuple[int, Finding]]:
    ticked = tuple(item.line for item in items if item.box == "x")
    if kind == "one" and not ticked:
        yield line, Finding("no-right-choice")
    elif kind == "one" and len(ticked) > 1:
        yield line, Finding("right-choices", count=len(ticked), lines=ticked)
    elif kind in ("several", "mark") and not ticked:
        yield line, Finding("nothing-ticked", kind=kind)


def _pieces(section: Section) -> Iterator[tuple[int, Finding]]:
    quoted = [_squeeze(text) for text in _quoted(section)]
    if not quoted:
        yield section.line, Finding("no-quoted-text")
        return
    for item in section.items:
        piece = _squeeze(item.text)
        count = sum(text.count(piece) for text in quoted) if piece else 1
        if count != 1:
            yield item.line, Finding("piece-not-once", choice=item.text, count=count)


def _quoted(section: Section) -> Iterator[str]:
    """Yield the quotes above the list as one text, and each text on an example screen there."""
    speech = []
    for block in split(section.stem):
        if isinstance(block, Mockup):
            yield from printed_on(block)
        elif isinstance(block, Prose):
            speech += [line for line in block.text.split("\n") if line.lstrip().startswith(">")]
        elif isinstance(block, Callout):
            speech.append(block.text)
    if speech:
        yield "\n".join(speech)


def _squeeze(text: str) -> str:
    return _BETWEEN_HAN.sub("", " ".join(plain(text).split()))


def _check_only_questions(document: ParsedDocument) -> Iterator[Diagnostic]:
    for section in document.sections:
        if not section.id and section.blocks:
            yield document.problem(section.line, "text-in-bank")
        elif section.after and section.kind in FORMS and section.choices:
            yield document.problem(section.after[0].line, "text-after-choices")


@always
def check_survey_questions(course: CourseText) -> Iterator[Diagnostic]:
    """Report faulty scales and lists of answers in surveys."""
    for document, text in course.texts("survey"):
        for section in text.sections:
            if section.kind in SURVEY_FORMS:
                for line, finding in _survey_list(section, is_source=text is document):
                    yield Diagnostic(text.path, line, finding)


def _scale(section: Section, *, is_source: bool) -> Iterator[tuple[int, Finding]]:
    if len(section.items) != 2:
        yield section.line, Finding("scale-ends", count=len(section.items))
    if is_source:
        ends = [section.attrs.get(key, "") for key in ("from", "to")]
        if not all(end.isdecimal() for end in ends) or not 1 <= int(ends[1]) - int(ends[0]) <= 10:
            yield section.line, Finding("scale-range")


def _survey_list(section: Section, *, is_source: bool) -> Iterator[tuple[int, Finding]]:
    items = section.items
    if section.kind == "scale":
        yield from _scale(section, is_source=is_source)
    elif len(items) < 2:
        yield section.line, Finding("too-few-answers", title=section.title)
    for item in items:
        if re.match(r"\[[ xX]\]", item.text) or item.reason or item.numbered:
            yield item.line, Finding("answer-not-plain")
