"""Parser of simulations: sections of a document to a `Simulation` (docs/formats.md §7)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from courseware.course_format.course import CourseText
from courseware.course_format.diagnostic_messages import Field
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import PHONE, Callout, Figure, Mockup
from courseware.course_format.parsing.braces import Braces, cut_braces
from courseware.course_format.parsing.documents import display_tag
from courseware.course_format.parsing.lists import Item
from courseware.course_format.parsing.marked_text import find_links
from courseware.course_format.parsing.metadata import CourseMeta, SimulationMeta
from courseware.course_format.parsing.parser import Block, ParsedDocument, Section
from courseware.course_format.parsing.speech import (
    CutLine,
    cut_narration,
    cut_speech,
    spoken_together,
    without_conditions,
)
from courseware.course_format.simulations.conditions import ALWAYS, Condition, UnreadableCondition, parse_condition
from courseware.course_format.simulations.simulation import (
    DEBRIEF,
    ENDING_KINDS,
    NODE_KINDS,
    Effects,
    Ending,
    Node,
    NodeChoice,
    Part,
    Passage,
    Simulation,
    SpokenLine,
)

_CHANGE = re.compile(r"[+-]\d{1,3}")
_WORDS = ("set", "if")  # keys in braces that are no meters


def make_simulation(course: CourseText, identifier: str, language: str) -> Simulation:
    """Return the simulation without its diagnostics. Raise `KeyError` for an unknown id or language."""
    return read_simulation(course, identifier, language)[0]


def read_simulation(course: CourseText, identifier: str, language: str) -> tuple[Simulation, list[Diagnostic]]:
    """Return (simulation, even of a faulty text; issues of form). Raise `KeyError` for an unknown id or language."""
    document, source = course.documents[identifier][language], course.source(identifier)
    reader = _Reader(document, source)
    meters = course.meta.meters if course.meta else {}
    translation = course.documents[course.id].get(language) if course.meta else None
    labels = translation.meta.meters if translation and isinstance(translation.meta, CourseMeta) else {}
    return reader.read({meter: labels.get(meter, label) for meter, label in meters.items()}), reader.problems


@dataclass
class _Reader:
    """A translation takes effects and conditions from its source, matched by position."""

    document: ParsedDocument
    source: ParsedDocument
    problems: list[Diagnostic] = field(default_factory=list)

    @property
    def is_translation(self) -> bool:
        return self.document is not self.source

    @property
    def meta(self) -> SimulationMeta | None:
        return self.source.meta if isinstance(self.source.meta, SimulationMeta) else None

    def read(self, meters: Mapping[str, str]) -> Simulation:
        sections = _first_of_each(self.document.sections)
        intro = self.document.section("")
        return Simulation(
            id=self.document.id,
            title=self.document.title,
            premise=_text(intro.blocks) if intro else "",
            meters=meters,
            nodes={section.id: self._node(section) for section in sections if section.kind in NODE_KINDS},
            endings=tuple(self._ending(section) for section in sections if section.kind in ENDING_KINDS),
            debrief=tuple(
                Passage(section.id, section.title, _text(section.blocks))
                for section in sections
                if section.kind == DEBRIEF
            ),
            chance=dict(self.meta.chance) if self.meta else {},
        )

    def _node(self, section: Section) -> Node:
        links: list[tuple[Item, Item]] = []
        parts: list[tuple[Item, Item]] = []
        for item, original in self._items(section):
            is_link = bool(find_links(cut_braces(item.text)[0]))
            (links if is_link else parts).append((item, original))
        text = _node_text(section)
        return Node(
            id=section.id,
            title=section.title,
            kind=section.kind,
            text=without_conditions(text),
            lines=self._lines(section, cut_speech, _node_text),
            seconds=self._seconds(section),
            condition=self._condition(section.attrs.get("if", ""), section.line),
            otherwise=section.attrs.get("else", ""),
            choices=tuple(self._choice(item, original) for item, original in links),
            parts=tuple(self._part(item, original) for item, original in parts),
            rule="\n\n".join(_rules_of(section)),
            display=next(
                (block.source for block in section.blocks if isinstance(block, Mockup) and block.kind == PHONE), ""
            ),
        )

    def _items(self, section: Section) -> Iterator[tuple[Item, Item]]:
        """Yield (item, item at the same position in the source) of a node's list."""
        original = self.source.section(section.id)
        others = original.items if original else ()
        for position, item in enumerate(section.items):
            yield item, others[position] if position < len(others) else replace(item, text="")

    def _seconds(self, section: Section) -> int:
        value = section.attrs.get("seconds")
        if value is None:
            return self.meta.seconds if self.meta else 0
        if not value.isdecimal() or int(value) > 600:
            self._say(section.line, "wrong-seconds", got=value)
            return 0
        return int(value)

    def _choice(self, item: Item, original: Item) -> NodeChoice:
        link = find_links(cut_braces(item.text)[0])[0]
        effects, condition = self._effects(item, original)
        target = link.target.removeprefix("#")
        return NodeChoice(link.label, item.reason, target, link.title, effects, condition, original.numbered)

    def _part(self, item: Item, original: Item) -> Part:
        text, _, _ = cut_braces(item.text)
        effects, condition = self._effects(item, original)
        if condition != ALWAYS and not self.is_translation:
            self._say(item.line, "part-with-condition")
        return Part(text, item.reason, original.box == "x", effects, original.numbered)

    def _effects(self, item: Item, original: Item) -> tuple[Effects, Condition]:
        own = self._braces_of_effects(item, original)
        changes = {}
        for meter, value in own.attrs.items():
            if meter in _WORDS:
                continue
            if _CHANGE.fullmatch(value):
                changes[meter] = int(value)
            elif not self.is_translation:
                self._say(item.line, "wrong-effect", meter=meter, got=value)
        flags = tuple(own.attrs.get("set", "").split())
        return Effects(changes, flags), self._condition(own.attrs.get("if", ""), item.line)

    def _braces_of_effects(self, item: Item, original: Item) -> Braces:
        _, own, findings = cut_braces(item.text)
        is_marked = bool(own.id or own.kind)
        if self.is_translation and (is_marked or own.attrs):
            self._say(item.line, "effects-of-source-language", language=display_tag(self.source.language))
        self.problems += [Diagnostic(self.document.path, item.line, finding) for finding in findings]
        if self.is_translation:
            return cut_braces(original.text)[1]
        if is_marked:
            self._say(item.line, "choice-with-id")
        return own

    def _condition(self, text: str, line: int) -> Condition:
        try:
            return parse_condition(text)
        except UnreadableCondition as error:
            if not self.is_translation:
                self._say(line, "unreadable-condition", got=error.got)
            return ALWAYS

    def _ending(self, section: Section) -> Ending:
        condition = self._condition(section.attrs.get("if", ""), section.line)
        text = _text(section.blocks)
        lines = self._lines(section, cut_narration, _section_text)
        is_cut = any(line.condition != ALWAYS for line in lines)
        return Ending(
            section.id, section.title, section.kind, without_conditions(text), condition, lines if is_cut else ()
        )

    def _lines(
        self, section: Section, cut: Callable[[str], tuple[CutLine, ...]], text_of: Callable[[Section], str]
    ) -> tuple[SpokenLine, ...]:
        """Return the lines of a text, with the conditions of the source."""
        own = cut(text_of(section))
        original = self.source.section(section.id) if self.is_translation else None
        paired = cut(text_of(original)) if original else own
        if original:
            self._compare_conditions(section, own, paired)
        conditions = [line.condition for line in paired] + [""] * (len(own) - len(paired))
        lines = spoken_together(line._replace(condition=text) for line, text in zip(own, conditions, strict=False))
        return tuple(SpokenLine(line.who, line.text, self._condition(line.condition, section.line)) for line in lines)

    def _compare_conditions(self, section: Section, own: tuple[CutLine, ...], source: tuple[CutLine, ...]) -> None:
        language = display_tag(self.source.language)
        if any(line.condition for line in own):
            self._say(section.line, "conditions-of-source-language", language=language)
        elif len(own) != len(source) and any(line.condition for line in source):
            self._say(section.line, "lines-of-speech-differ", here=len(own), there=len(source), language=language)

    def _say(self, line: int, finding: str, /, **fields: Field) -> None:
        self.problems.append(Diagnostic(self.document.path, line, Finding(finding, **fields)))


def _node_text(section: Section) -> str:
    return section.stem if section.choices else _section_text(section)


def _section_text(section: Section) -> str:
    return _text(section.blocks)


def _first_of_each(sections: tuple[Section, ...]) -> list[Section]:
    # If an id occurs twice, the first counts, as in `ParsedDocument.section`.
    first: dict[str, Section] = {}
    for section in sections:
        first.setdefault(section.id, section)
    return list(first.values())


def _text(blocks: tuple[Block, ...]) -> str:
    return "\n\n".join(filter(None, map(_source_of, blocks)))


def _source_of(block: Block) -> str:
    text = getattr(block, "text", "")
    if isinstance(block, Callout):
        kind = " ".join(block.tracks) or block.kind
        return "\n".join(f"> {line}".rstrip() for line in (f"[!{kind}]", *text.split("\n")))
    if isinstance(block, Mockup):
        return block.source
    if isinstance(block, Figure):
        caption = f' "{block.caption}"' if block.caption else ""
        return f"![{block.alt}]({block.src}{caption})"
    return text


def _rules_of(section: Section) -> list[str]:
    return [block.text for block in section.after if isinstance(block, Callout) and block.kind == "rule"]
