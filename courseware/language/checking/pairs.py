"""Whether a translation has what its source has: files, ids, lists, marks, links, callouts, figures.

Only what a reader sees is compared, because it stands in both languages; a swapped pair of choices would
otherwise turn a wrong answer into the key without a sound (formats.md §1).
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from courseware.language.blocks import Callout, Figure, Line
from courseware.language.course import CourseText
from courseware.language.documents import Problem, display_tag
from courseware.language.lists import Item
from courseware.language.parsing import Document, Section
from courseware.language.spans import Link, find_links, find_sources

Placed = tuple[Any, int]  # something that stands on a line


def check_pairs(course: CourseText, found: Iterable[Problem]) -> Iterator[Problem]:
    """`found` are the problems known already: a section that has one is left out, so that no echo is told."""
    errors = {(problem.path, problem.line) for problem in found if problem.level == "error"}
    misread = {problem.path for problem in course.problems}
    for document_id, languages in course.documents.items():
        source = course.source(document_id)
        for language in course.languages[1:]:
            expected = _path_in(source, language)
            if language in languages:
                translation = languages[language]
                if translation.path != expected:
                    message = f"its name differs from its partner's; expected {expected}"
                    yield Problem(translation.path, 1, message)
                pair = _Pair(source, translation)
                if not misread & {source.path, translation.path}:
                    yield from pair.compare_ids()
                yield from pair.compare_sections(errors)
            elif expected not in course.unread:
                yield Problem(source.path, 1, f"no {display_tag(language)} file; expected {expected}")


def _path_in(source: Document, language: str) -> str:
    return source.path.removesuffix(f".{source.language}.md") + f".{language}.md"


class _Pair:
    """One translation beside its source. Problems are reported in the translation."""

    def __init__(self, source: Document, translation: Document):
        self.source = source
        self.translation = translation
        self.tag = display_tag(source.language)

    def _problem(self, line: int, message: str) -> Problem:
        return Problem(self.translation.path, line, message)

    def compare_ids(self) -> Iterator[Problem]:
        yield from self._compare_labels()
        yield from self._compare_ids(_headings(self.source), _headings(self.translation))
        yield from self._compare_ids(_entries(self.source), _entries(self.translation))

    def compare_sections(self, errors: Container[tuple[str, int]]) -> Iterator[Problem]:
        """`errors` are path and line of what was said already."""
        originals = {section.id: (section, lines) for section, lines in self.source.spans()}
        for section, lines in self.translation.spans():
            original, original_lines = originals.get(section.id, (None, []))
            said = [(self.translation.path, line.number) in errors for line in lines]
            said += [(self.source.path, line.number) in errors for line in original_lines]
            if original and not any(said):
                yield from self._compare_sections(original, original_lines, section, lines)

    def _compare_labels(self) -> Iterator[Problem]:
        """Tracks and meters have the same ids in every language."""
        for key in sorted({"tracks", "meters"} & set(self.source.front.values)):
            here, there = (document.front.values.get(key) for document in (self.translation, self.source))
            if isinstance(here, dict) and isinstance(there, dict) and list(here) != list(there):
                message = f"{key}: expected the ids of the {self.tag} file, {', '.join(there)}; got {', '.join(here)}"
                yield self._problem(self.translation.front.line(key), message)

    def _compare_ids(self, there: list[Placed], here: list[Placed]) -> Iterator[Problem]:
        source_ids, own_ids = dict(there), dict(here)
        for identifier, line in there:
            if identifier not in own_ids:
                yield self._problem(
                    _line_after(identifier, there, own_ids), f'"{identifier}" is missing ({self.tag} line {line})'
                )
        for identifier, line in here:
            if identifier not in source_ids:
                yield self._problem(line, f'"{identifier}" is not in the {self.tag} file')
        expected = [identifier for identifier, _ in there if identifier in own_ids]
        found = [identifier for identifier, _ in here if identifier in source_ids]
        for wanted, got in zip(expected, found, strict=False):
            if wanted != got:
                message = f'same ids in another order: expected "{wanted}" here ({self.tag} line {source_ids[wanted]})'
                yield self._problem(own_ids[got], message)
                return

    def _compare_sections(
        self, original: Section, original_lines: list[Line], section: Section, lines: list[Line]
    ) -> Iterator[Problem]:
        if section.level != original.level:
            marks = f"{'#' * section.level} here, {'#' * original.level} in {self.tag} line {original.line}"
            yield self._problem(section.line, f'heading "{section.title[:30]}": {marks}')
        if section.choices and original.choices:
            yield from self._compare_lists(section.choices.items, original.choices.items, section.line)
        yield from self._compare_sequences(
            "callouts", _callouts(section), _callouts(original), section.line, "[!{}]".format
        )
        yield from self._compare_sequences("figures", _figures(section), _figures(original), section.line, str)
        yield from self._compare_links(_links(lines), _links(original_lines), section.line)
        yield from self._compare_sources(lines, original_lines, section.line)

    def _compare_lists(self, here: Sequence[Item], there: Sequence[Item], line: int) -> Iterator[Problem]:
        if len(here) != len(there):
            first = here[0].line if here else line
            yield self._problem(first, f"{len(here)} list entries, {len(there)} in {self.tag} line {there[0].line}")
            return
        for item, original in zip(here, there, strict=True):
            where = f"there ({self.tag} line {original.line})"
            if item.box != original.box:
                yield self._problem(item.line, f"[{item.box}] here, [{original.box}] {where}")
            if item.numbered != original.numbered:
                signs = ("numbers", "bullets") if item.numbered else ("bullets", "numbers")
                yield self._problem(item.line, f"{signs[0]} here, {signs[1]} {where}")
            if item.members or original.members:
                yield from self._compare_members(item, original)

    def _compare_members(self, item: Item, original: Item) -> Iterator[Problem]:
        if len(item.members) != len(original.members):
            count = f"{len(item.members)} list entries, {len(original.members)} in {self.tag} line {original.line}"
            yield self._problem(item.line, count)

    def _compare_sequences(
        self, what: str, here: list[Placed], there: list[Placed], line: int, show: Any
    ) -> Iterator[Problem]:
        """The first difference between two sequences of things that stand on lines."""
        for index in range(max(len(here), len(there))):
            own, other = (side[index] if index < len(side) else None for side in (here, there))
            if own and other and own[0] == other[0]:
                continue
            shown = [show(side[0]) if side else "none" for side in (own, other)]
            there_line = f" (line {other[1]})" if other else ""
            message = f"{what} differ: {shown[0]} here, {shown[1]} in {self.tag}{there_line}"
            yield self._problem(own[1] if own else line, message)
            return

    def _compare_links(
        self, here: list[tuple[Link, int]], there: list[tuple[Link, int]], line: int
    ) -> Iterator[Problem]:
        if len(here) != len(there):
            yield self._problem(line, f"{len(here)} links to #…, {len(there)} in {self.tag}")
            return
        for (link, own_line), (original, other_line) in zip(here, there, strict=True):
            where = f"there ({self.tag} line {other_line})"
            if link.target != original.target:
                yield self._problem(own_line, f"leads to {link.target}, to {original.target} {where}")
            elif link.title != original.title:
                yield self._problem(own_line, f'"{link.title}" here, "{original.title}" {where}')

    def _compare_sources(self, lines: list[Line], originals: list[Line], line: int) -> Iterator[Problem]:
        here, there = _sources(lines), _sources(originals)
        counts = Counter(source for source, _ in here), Counter(source for source, _ in there)
        for source, other_line in there:
            if counts[0][source] < counts[1][source]:
                yield self._problem(line, f"sources differ: [^{source}] is missing ({self.tag} line {other_line})")
                return
        for source, own_line in here:
            if counts[0][source] > counts[1][source]:
                yield self._problem(own_line, f"sources differ: [^{source}] is not in the {self.tag} file")
                return


def _headings(document: Document) -> list[Placed]:
    return [(section.id, section.line) for section in document.sections if section.id]


def _entries(document: Document) -> list[Placed]:
    return [(entry.id, entry.line) for entry in document.entries]


def _line_after(identifier: str, there: list[Placed], own: dict[str, int]) -> int:
    """Where a missing id would be looked for: the line of the nearest earlier one that is there."""
    line = 1
    for other, _ in there:
        if other == identifier:
            break
        line = own.get(other, line)
    return line


def _callouts(section: Section) -> list[Placed]:
    return [
        (" ".join(block.tracks) or block.kind, block.line) for block in section.blocks if isinstance(block, Callout)
    ]


def _figures(section: Section) -> list[Placed]:
    """Names of figures without their language: media/ladder.en.svg is the partner of media/ladder.zh-hans.svg."""
    return [
        (re.sub(r"\.[a-z]{2,3}(-[a-z0-9]+)*(?=\.\w+$)", "", block.src), block.line)
        for block in section.blocks
        if isinstance(block, Figure)
    ]


def _links(lines: list[Line]) -> list[tuple[Link, int]]:
    """Links inside the course. Others may differ: a law has a page of its own in each language."""
    return [(link, line.number) for line in lines for link in find_links(line.text) if link.target.startswith("#")]


def _sources(lines: list[Line]) -> list[Placed]:
    return [(source, line.number) for line in lines for source in find_sources(line.text)]
