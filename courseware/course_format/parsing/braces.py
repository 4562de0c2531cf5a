"""Braces at the end of a heading or list entry: `{#id .kind key=value key="two words" flag}` (docs/formats.md §1.2)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from courseware.course_format.diagnostics import Finding

ID = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FULL_WIDTH = re.compile(r"[＃．＝“”｛｝，：　]")
_WORD = re.compile(r'(?:"[^"]*"|[^ \t])+')
_TOKEN = re.compile(
    rf'#(?P<id>{ID})|\.(?P<kind>[A-Za-z_-]+)|(?P<key>[A-Za-z_]+)(?:=(?:"(?P<quoted>[^"#]*)"|(?P<bare>[^\s"#]+)))?'
)


@dataclass(frozen=True)
class Braces:
    """`attrs` maps key to value; a flag such as `critical` has the value ""."""

    id: str = ""
    kind: str = ""
    attrs: Mapping[str, str] = field(default_factory=dict)


def cut_braces(line: str) -> tuple[str, Braces, list[Finding]]:
    """Return (line without the braces at its end, parsed braces, findings); without braces, empty `Braces`."""
    line = line.rstrip()
    start = line.rfind("{")
    if start < 0 or line.find("}", start) != len(line) - 1:
        return line, Braces(), _unfinished(line)
    braces, findings = parse_braces(line[start + 1 : -1])
    return line[:start].rstrip(), braces, findings


def parse_braces(inside: str) -> tuple[Braces, list[Finding]]:
    """Return (`Braces` of the text between { and }, findings). Of several ids or kinds, the first counts."""
    ids, kinds = [], []
    attrs: dict[str, str] = {}
    tokens, findings = _tokens(inside)
    for match in tokens:
        if match["id"]:
            ids.append(match["id"])
        elif match["kind"]:
            kinds.append(match["kind"])
        elif match["key"] in attrs:
            findings.append(Finding("key-twice-in-braces", key=match["key"]))
        else:
            attrs[match["key"]] = match["quoted"] or match["bare"] or ""
    findings += _several(ids, kinds)
    return Braces(next(iter(ids), ""), next(iter(kinds), ""), attrs), findings


def _several(ids: list[str], kinds: list[str]) -> Iterator[Finding]:
    if len(ids) > 1:
        yield Finding("two-ids", found=tuple(f"#{identifier}" for identifier in ids))
    if len(kinds) > 1:
        yield Finding("two-kinds", found=tuple(f".{kind}" for kind in kinds))


def _tokens(inside: str) -> tuple[list[re.Match[str]], list[Finding]]:
    """Return (words that can be read, findings about the others)."""
    tokens, findings = [], []
    position = 0
    while position < len(inside):
        if inside[position] in " \t":
            position += 1
            continue
        match = _TOKEN.match(inside, position)
        if match and (match.end() == len(inside) or inside[match.end()] in " \t"):
            tokens.append(match)
            position = match.end()
            continue
        word = next(_WORD.finditer(inside, position))[0]
        finding = "full-width-in-braces" if _FULL_WIDTH.search(word) else "unreadable-braces"
        findings.append(Finding(finding, word=word))
        position += len(word)
    return tokens, findings


def _unfinished(line: str) -> list[Finding]:
    if re.search(r"\{[#.][^{}]*$", line):
        return [Finding("braces-not-closed")]
    if re.search(r"\{#[^{}]*\}[ \t]*\S", line):
        return [Finding("text-after-braces")]
    if re.search(r"｛[^｛]*[#＃]", line):
        return [Finding("full-width-braces")]
    return []
