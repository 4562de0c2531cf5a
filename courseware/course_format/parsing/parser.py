"""Parser of documents: bytes of one file to a frozen `ParsedDocument` (docs/formats.md §1–5, §9).

Texts stay Markdown. Inserts such as `{=fire}` are replaced first by the jurisdiction's entry with that id (§4).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

from courseware.course_format.diagnostic_messages import Field
from courseware.course_format.diagnostics import Diagnostic, Finding, nearest
from courseware.course_format.parsing.blocks import SourceLine, TextBlock, cut_blocks, join, mark_code, opens_callout
from courseware.course_format.parsing.braces import Braces, cut_braces
from courseware.course_format.parsing.documents import display_tag, parse_name
from courseware.course_format.parsing.frontmatter import Front, Unreadable, build_meta, decode, parse_front
from courseware.course_format.parsing.lists import (
    FORMS,
    NODE_FORMS,
    SURVEY_FORMS,
    Choices,
    Entry,
    Item,
    cut_choices,
    cut_entries,
)
from courseware.course_format.parsing.metadata import Meta

Block = TextBlock | Choices | Entry
SomeBlock = TypeVar("SomeBlock", bound=Block)

QUESTION_KINDS = (*FORMS, "open")
ENTRY_KINDS = ("jurisdiction", "module", "outline", "sources", "terms")

_INSERT = re.compile(r"\{=([^{}]*)\}")
_HEADING = re.compile(r"(#{1,6})([ \t]*)(.*)")
_FORMS = {"lesson": FORMS, "bank": FORMS, "survey": SURVEY_FORMS, "simulation": NODE_FORMS}


@dataclass(frozen=True)
class Section:
    """A heading and the text up to the next heading. Text above the first heading has the id "" and level 1.

    `kind`: the class in braces, without its dot; `attrs`: the other braces. A translation has those of its source.
    `blocks`: everything in reading order. In a question or situation, `stem` is the Markdown above the list (in an
    .open question, above the first callout) and `after` the blocks below it; elsewhere `after` is all blocks.
    """

    id: str
    title: str
    level: int
    kind: str
    attrs: Mapping[str, str]
    line: int
    blocks: tuple[Block, ...] = ()
    stem: str = ""
    after: tuple[Block, ...] = ()

    @property
    def choices(self) -> Choices | None:
        return next((block for block in self.blocks if isinstance(block, Choices)), None)

    @property
    def items(self) -> tuple[Item, ...]:
        return self.choices.items if self.choices else ()


@dataclass(frozen=True)
class ParsedDocument:
    """One document in one language. `lines`: the body outside fenced code; `front`: the front matter as written.

    `meta` is None if the front matter is invalid. A translation has the structure keys of its source.
    """

    id: str
    kind: str
    language: str
    path: str
    title: str
    meta: Meta | None
    sections: tuple[Section, ...]
    front: Front = field(repr=False)
    lines: tuple[SourceLine, ...] = field(repr=False)

    def section(self, section_id: str) -> Section | None:
        """Return the first section with this id, or None."""
        return next((section for section in self.sections if section.id == section_id), None)

    def spans(self) -> Iterator[tuple[Section, list[SourceLine]]]:
        """Yield each section with its lines outside fenced code, including the heading."""
        starts = [section.line for section in self.sections]
        numbers = [line.number for line in self.lines]
        for section, end in zip(self.sections, [*starts[1:], float("inf")], strict=False):
            yield section, list(self.lines[bisect_left(numbers, section.line) : bisect_left(numbers, end)])

    def blocks(self, kind: type[SomeBlock]) -> Iterator[SomeBlock]:
        return (block for section in self.sections for block in section.blocks if isinstance(block, kind))

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self.blocks(Entry))

    @property
    def questions(self) -> tuple[Section, ...]:
        """The sections with a kind in QUESTION_KINDS; of a survey, all questions but the scales."""
        return tuple(section for section in self.sections if section.kind in QUESTION_KINDS)

    def problem(self, line: int, finding: str, /, **fields: Field | None) -> Diagnostic:
        """Return a diagnostic in this document. Raise `KeyError` for an unknown finding."""
        return Diagnostic(self.path, line, Finding(finding, **fields))


def read(
    path: str, data: bytes, source: ParsedDocument | None = None, inserts: Mapping[str, str] | None = None
) -> tuple[ParsedDocument | None, list[Diagnostic]]:
    """Return (document; diagnostics of form). The document is None without readable front matter and id. Raise
    `BadName`. `source`: for a translation, the document in the source language. `inserts`: id → text for `{=id}`; None
    keeps them.
    """
    name = parse_name(path)
    try:
        lines = decode(data)
        front = parse_front(lines)
    except Unreadable as error:
        return None, [Diagnostic(path, error.line, error.finding)]
    source_values, source_tag = (source.front.values, display_tag(source.language)) if source else (None, "")
    meta, problems = build_meta(path, name.kind, front, source_values, source_tag)
    problems += _inserts_in_front(lines[: front.body - 1], path)
    body = mark_code(enumerate(lines[front.body - 1 :], start=front.body))
    if inserts is not None:
        body = [_with_inserts(line, path, inserts, problems) for line in body]
    problems += _unclosed_code(path, body, front.body)
    sections = _Reader(path, name.kind, source, problems).read(body)
    identifier, title = (front.values.get(key) for key in ("id", "title"))
    if not isinstance(identifier, str):
        return None, problems
    title = title if isinstance(title, str) else ""
    prose = tuple(line for line in body if not line.is_code)
    return ParsedDocument(identifier, name.kind, name.language, path, title, meta, sections, front, prose), problems


def inserts_in(lines: Iterable[str]) -> set[str]:
    """Return the ids of all `{=id}` in these lines."""
    return {identifier for line in lines for identifier in _INSERT.findall(line)}


def _inserts_in_front(lines: Iterable[str], path: str) -> Iterator[Diagnostic]:
    for number, line in enumerate(lines, start=1):
        for match in _INSERT.finditer(line):
            yield Diagnostic(path, number, Finding("insert-in-front-matter", insert=match[0]))


def _with_inserts(line: SourceLine, path: str, values: Mapping[str, str], problems: list[Diagnostic]) -> SourceLine:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            finding = Finding("unknown-insert", id=match[1], nearest=nearest(match[1], values))
            problems.append(Diagnostic(path, line.number, finding))
        return values.get(match[1], match[1])

    return line if line.is_code else line._replace(text=_INSERT.sub(value, line.text))


def _unclosed_code(path: str, body: list[SourceLine], first: int) -> list[Diagnostic]:
    """`first`: number of the first line of the body."""
    if not mark_code([*(line[:2] for line in body), (0, "")])[-1].is_code:
        return []
    opened = max((line.number for line in body if not line.is_code), default=first - 1) + 1
    return [Diagnostic(path, opened, Finding("code-not-closed"))]


@dataclass
class _Reader:
    path: str
    kind: str
    source: ParsedDocument | None
    problems: list[Diagnostic]
    ids: dict[str, int] = field(default_factory=dict)  # id of a section or entry → line

    def read(self, body: list[SourceLine]) -> tuple[Section, ...]:
        headings = {
            i: match for i, line in enumerate(body) if not line.is_code and (match := _HEADING.fullmatch(line.text))
        }
        sections = []
        intro = body[: next(iter(headings), None)]
        if join(intro):
            first = next(line.number for line in intro if line.text.strip())
            sections.append(self._fill(Section("", "", 1, "", {}, first), intro))
        for start, end in pairwise([*headings, len(body)]):
            sections.append(self._fill(self._open(headings[start], body[start].number), body[start + 1 : end]))
        return tuple(sections)

    def _say(self, line: int, finding: str, /, **fields: Field) -> None:
        self.problems.append(Diagnostic(self.path, line, Finding(finding, **fields)))

    def _open(self, heading: re.Match[str], line: int) -> Section:
        marks, blank, text = heading.groups()
        title, braces, findings = cut_braces(text)
        if text and not blank:
            findings = [Finding("heading-without-space", marks=marks)]
        self.problems += [Diagnostic(self.path, line, finding) for finding in findings]
        if len(marks) == 1 and not findings:
            self._say(line, "heading-of-level-1")
        if not braces.id and not findings:
            self._say(line, "heading-without-id", title=title)
        self._claim(braces.id, line)
        kind, attrs = self._meaning(braces, line)
        return Section(braces.id, title, len(marks), kind, attrs, line)

    def _meaning(self, braces: Braces, line: int) -> tuple[str, Mapping[str, str]]:
        if not self.source:
            return braces.kind, braces.attrs
        language = display_tag(self.source.language)
        for word in (*([f".{braces.kind}"] if braces.kind else []), *braces.attrs):
            self._say(line, "braces-of-source-language", word=word, language=language, id=braces.id)
        original = self.source.section(braces.id)
        return (original.kind, original.attrs) if original else ("", {})

    def _claim(self, identifier: str, line: int) -> None:
        if identifier in self.ids:
            self._say(line, "id-twice", id=identifier, first=self.ids[identifier])
        elif identifier:
            self.ids[identifier] = line

    def _fill(self, section: Section, lines: list[SourceLine]) -> Section:
        forms = _FORMS.get(self.kind, {})
        if section.id and section.kind in forms:
            return self._fill_question(section, *cut_choices(lines, forms[section.kind], self.path, self.problems))
        if section.kind == "open" and forms:
            end = next((i for i, line in enumerate(lines) if opens_callout(line)), len(lines))
            return self._fill_question(section, lines[:end], None, lines[end:])
        blocks = tuple(self._entries(lines) if self.kind in ENTRY_KINDS else self._blocks(lines))
        return replace(section, blocks=blocks, after=blocks)

    def _fill_question(
        self, section: Section, stem: list[SourceLine], choices: Choices | None, after: list[SourceLine]
    ) -> Section:
        rest = tuple(self._blocks(after))
        blocks = (*self._blocks(stem), *([choices] if choices else []), *rest)
        return replace(section, blocks=blocks, stem=join(stem), after=rest)

    def _blocks(self, lines: list[SourceLine]) -> list[TextBlock]:
        return cut_blocks(lines, self.path, self.problems)

    def _entries(self, lines: list[SourceLine]) -> list[Block]:
        blocks: list[Block] = []
        for part in cut_entries(lines, self.path, self.problems, strict=self.kind != "module"):
            if isinstance(part, Entry):
                self._claim(part.id, part.line)
                blocks.append(self._entry(part))
            else:
                blocks += self._blocks(part)
        return blocks

    def _entry(self, entry: Entry) -> Entry:
        if not self.source:
            return entry
        for key in entry.attrs:
            language = display_tag(self.source.language)
            self._say(entry.line, "entry-key-of-source-language", key=key, language=language)
        original = next((other for other in self.source.entries if other.id == entry.id), None)
        return replace(entry, attrs=original.attrs if original else {})
