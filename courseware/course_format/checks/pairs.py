"""Checks of pairs of translations: equal structure in both languages (docs/formats.md §1)."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence

from courseware.course_format.course import CourseText
from courseware.course_format.diagnostic_messages import Field
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import Callout, Figure, Mockup, SourceLine
from courseware.course_format.parsing.documents import display_tag
from courseware.course_format.parsing.lists import Item
from courseware.course_format.parsing.marked_text import Link, find_links, find_sources
from courseware.course_format.parsing.mockups import outline_of
from courseware.course_format.parsing.parser import ParsedDocument, Section

Placed = tuple[str, int]  # id or name, line


def check_pairs(course: CourseText, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Report missing translations and differences of structure. `found`: diagnostics so far; sections with an error
    among them are not compared.
    """
    errors = {(problem.path, problem.line) for problem in found if problem.level == "error"}
    misread = {problem.path for problem in course.problems}
    for document_id, languages in course.documents.items():
        source = course.source(document_id)
        for language in course.languages[1:]:
            expected = source.path.removesuffix(f".{source.language}.md") + f".{language}.md"
            if language in languages:
                translation = languages[language]
                if translation.path != expected:
                    yield translation.problem(1, "name-differs", expected=expected)
                pair = _Pair(source, translation)
                if not misread & {source.path, translation.path}:
                    yield from pair.compare_ids()
                yield from pair.compare_sections(errors)
            elif expected not in course.unread:
                yield source.problem(1, "no-translation", language=display_tag(language), expected=expected)


class _Pair:
    def __init__(self, source: ParsedDocument, translation: ParsedDocument):
        self.source = source
        self.translation = translation
        self.language = display_tag(source.language)

    def _problem(self, own_line: int, finding: str, /, **fields: Field | None) -> Diagnostic:
        """`own_line` is a line of the translation, a field `line` one of the source."""
        return Diagnostic(self.translation.path, own_line, Finding(finding, language=self.language, **fields))

    def compare_ids(self) -> Iterator[Diagnostic]:
        yield from self._compare_labels()
        yield from self._compare_ids(_headings(self.source), _headings(self.translation))
        yield from self._compare_ids(_entries(self.source), _entries(self.translation))

    def compare_sections(self, errors: Container[tuple[str, int]]) -> Iterator[Diagnostic]:
        originals = {section.id: (section, lines) for section, lines in self.source.spans()}
        for section, lines in self.translation.spans():
            original, original_lines = originals.get(section.id, (None, []))
            has_error = [(self.translation.path, line.number) in errors for line in lines]
            has_error += [(self.source.path, line.number) in errors for line in original_lines]
            if original and not any(has_error):
                yield from self._compare_sections(original, original_lines, section, lines)

    def _compare_labels(self) -> Iterator[Diagnostic]:
        for key in sorted({"tracks", "meters", "topics"} & set(self.source.front.values)):
            there = self.source.front.values[key]
            # A missing key that is required was reported already.
            here = self.translation.front.values.get(key, {} if key == "topics" else None)
            if isinstance(here, dict) and isinstance(there, dict) and list(here) != list(there):
                ids = {"expected": tuple(there), "got": tuple(here)}
                yield self._problem(self.translation.front.line(key), "labels-differ", key=key, **ids)

    def _compare_ids(self, there: list[Placed], here: list[Placed]) -> Iterator[Diagnostic]:
        source_ids, own_ids = dict(there), dict(here)
        near = 1  # the line of the nearest earlier id that the translation has
        for identifier, line in there:
            if identifier not in own_ids:
                yield self._problem(near, "id-missing", id=identifier, line=line)
            near = own_ids.get(identifier, near)
        for identifier, line in here:
            if identifier not in source_ids:
                yield self._problem(line, "id-only-here", id=identifier)
        yield from self._compare_order(there, here)

    def _compare_order(self, there: list[Placed], here: list[Placed]) -> Iterator[Diagnostic]:
        source_ids, own_ids = dict(there), dict(here)
        expected = [identifier for identifier, _ in there if identifier in own_ids]
        actual = [identifier for identifier, _ in here if identifier in source_ids]
        for original, own in zip(expected, actual, strict=False):
            if original != own:
                yield self._problem(own_ids[own], "order-differs", id=original, line=source_ids[original])
                return

    def _compare_sections(
        self, original: Section, original_lines: list[SourceLine], section: Section, lines: list[SourceLine]
    ) -> Iterator[Diagnostic]:
        if section.level != original.level:
            marks = {"here": "#" * section.level, "there": "#" * original.level}
            yield self._problem(section.line, "levels-differ", title=section.title, line=original.line, **marks)
        if section.choices and original.choices:
            yield from self._compare_lists(section.choices.items, original.choices.items, section.line)
        yield from self._compare_sequences("callouts-differ", _callouts(section), _callouts(original), section.line)
        yield from self._compare_sequences("screens-differ", _screens(section), _screens(original), section.line)
        yield from self._compare_sequences("figures-differ", _figures(section), _figures(original), section.line)
        yield from self._compare_links(_links(lines), _links(original_lines), section.line)
        yield from self._compare_sources(lines, original_lines, section.line)

    def _compare_lists(self, here: Sequence[Item], there: Sequence[Item], line: int) -> Iterator[Diagnostic]:
        if len(here) != len(there):
            first = here[0].line if here else line
            yield self._problem(first, "lists-differ", here=len(here), there=len(there), line=there[0].line)
            return
        for item, original in zip(here, there, strict=True):
            if item.box != original.box:
                yield self._problem(item.line, "ticks-differ", here=item.box, there=original.box, line=original.line)
            if item.numbered != original.numbered:
                finding = "numbers-here" if item.numbered else "bullets-here"
                yield self._problem(item.line, finding, line=original.line)
            if len(item.members) != len(original.members):
                counts = {"here": len(item.members), "there": len(original.members)}
                yield self._problem(item.line, "lists-differ", line=original.line, **counts)

    def _compare_sequences(
        self, finding: str, here: list[Placed], there: list[Placed], line: int
    ) -> Iterator[Diagnostic]:
        for index in range(max(len(here), len(there))):
            own, own_line = here[index] if index < len(here) else (None, line)
            other, other_line = there[index] if index < len(there) else (None, None)
            if own != other:
                yield self._problem(own_line, finding, here=own, there=other, line=other_line)
                return

    def _compare_links(
        self, here: list[tuple[Link, int]], there: list[tuple[Link, int]], line: int
    ) -> Iterator[Diagnostic]:
        if len(here) != len(there):
            yield self._problem(line, "links-differ", here=len(here), there=len(there))
            return
        for (link, own_line), (original, other_line) in zip(here, there, strict=True):
            if link.target != original.target:
                targets = {"here": link.target, "there": original.target}
                yield self._problem(own_line, "targets-differ", line=other_line, **targets)
            elif link.title != original.title:
                qualities = {"here": link.title, "there": original.title}
                yield self._problem(own_line, "qualities-differ", line=other_line, **qualities)

    def _compare_sources(self, lines: list[SourceLine], originals: list[SourceLine], line: int) -> Iterator[Diagnostic]:
        here, there = _sources(lines), _sources(originals)
        counts = Counter(source for source, _ in here), Counter(source for source, _ in there)
        for source, other_line in there:
            if counts[0][source] < counts[1][source]:
                yield self._problem(line, "source-missing", source=source, line=other_line)
                return
        for source, own_line in here:
            if counts[0][source] > counts[1][source]:
                yield self._problem(own_line, "source-only-here", source=source)
                return


def _headings(document: ParsedDocument) -> list[Placed]:
    return [(section.id, section.line) for section in document.sections if section.id]


def _entries(document: ParsedDocument) -> list[Placed]:
    return [(entry.id, entry.line) for entry in document.entries]


def _callouts(section: Section) -> list[Placed]:
    return [
        (" ".join(block.tracks) or block.kind, block.line) for block in section.blocks if isinstance(block, Callout)
    ]


def _screens(section: Section) -> list[Placed]:
    return [(outline_of(block), block.line) for block in section.blocks if isinstance(block, Mockup)]


def _figures(section: Section) -> list[Placed]:
    # media/ladder.en.svg is the counterpart of media/ladder.zh-hans.svg.
    return [
        (re.sub(r"\.[a-z]{2,3}(-[a-z0-9]+)*(?=\.\w+$)", "", block.src), block.line)
        for block in section.blocks
        if isinstance(block, Figure)
    ]


def _links(lines: list[SourceLine]) -> list[tuple[Link, int]]:
    # Links inside the course only. A law has another URL in each language.
    return [(link, line.number) for line in lines for link in find_links(line.text) if link.target.startswith("#")]


def _sources(lines: list[SourceLine]) -> list[Placed]:
    return [(source, line.number) for line in lines for source in find_sources(line.text)]
