"""`{=fire}` in a text: what the sheet of the jurisdiction has under this id (docs/formats.md §4).

Numbers to call, terms and sums of the law stand once in the course. Who trains people elsewhere changes that sheet, and
the card, the lessons and the questions say what holds there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from courseware.language.problems import Finding, Problem, nearest

_INSERT = re.compile(r"\{=([^{}]*)\}")


def inserts_in(lines: Iterable[str]) -> set[str]:
    """Their ids."""
    return {identifier for line in lines for identifier in _INSERT.findall(line)}


def in_front_matter(lines: Iterable[str], path: str) -> Iterator[Problem]:
    """`lines` are those of the front matter, which begins the file."""
    for number, line in enumerate(lines, start=1):
        for match in _INSERT.finditer(line):
            yield Problem(path, number, Finding("insert-in-front-matter", insert=match[0]))


def with_inserts(line: str, number: int, path: str, values: Mapping[str, str], problems: list[Problem]) -> str:
    """The line with the values in place of their ids. What is unknown is said, and its id stays."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            finding = Finding("unknown-insert", id=match[1], nearest=nearest(match[1], values))
            problems.append(Problem(path, number, finding))
        return values.get(match[1], match[1])

    return _INSERT.sub(value, line)
