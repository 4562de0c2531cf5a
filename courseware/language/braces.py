"""Braces that end a heading or a list entry: `{#id .kind key=value key="two words" flag}` (formats.md §1.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ID = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FULL_WIDTH = re.compile(r"[＃．＝“”｛｝，：　]")
_TOKEN = re.compile(
    rf'#(?P<id>{ID})|\.(?P<kind>[A-Za-z_-]+)|(?P<key>[A-Za-z_]+)(?:=(?:"(?P<quoted>[^"#]*)"|(?P<bare>[^\s"#]+)))?'
)


@dataclass(frozen=True)
class Braces:
    """`attrs` holds key → value; a flag has the value ""."""

    id: str = ""
    kind: str = ""
    attrs: Mapping[str, str] = field(default_factory=dict)


def cut_braces(line: str) -> tuple[str, Braces, list[str]]:
    """The line without its braces, what they say, and messages about what cannot be read in them."""
    line = line.rstrip()
    start = line.rfind("{")
    if start < 0 or line.find("}", start) != len(line) - 1:
        return line, Braces(), _unfinished(line)
    braces, messages = parse_braces(line[start + 1 : -1])
    return line[:start].rstrip(), braces, messages


def parse_braces(inside: str) -> tuple[Braces, list[str]]:
    """Read what stands between { and }."""
    ids, kinds, attrs, messages = [], [], {}, []
    position = 0
    while position < len(inside):
        if inside[position] in " \t":
            position += 1
            continue
        match = _TOKEN.match(inside, position)
        if not match or (match.end() < len(inside) and inside[match.end()] not in " \t"):
            word = re.match(r'(?:"[^"]*"|[^ \t])+|.', inside[position:])[0]
            messages.append(f'cannot read "{word}" in braces' + _full_width_hint(word))
            position += len(word)
            continue
        position = match.end()
        if match["id"]:
            ids.append(match["id"])
        elif match["kind"]:
            kinds.append(match["kind"])
        elif match["key"] in attrs:
            messages.append(f'"{match["key"]}" is given twice in braces')
        else:
            attrs[match["key"]] = match["quoted"] or match["bare"] or ""
    for found, what, sign in ((ids, "ids", "#"), (kinds, "kinds", ".")):
        if len(found) > 1:
            messages.append(f"two {what} in braces ({', '.join(sign + one for one in found)}); expected one")
    return Braces(ids[0] if ids else "", kinds[0] if kinds else "", attrs), messages


def _full_width_hint(word: str) -> str:
    return " (full-width sign?)" if _FULL_WIDTH.search(word) else ""


def _unfinished(line: str) -> list[str]:
    """Messages about braces that were meant to end this line and do not."""
    if re.search(r"\{[#.][^{}]*$", line):
        return ['"{" is not closed on this line']
    if re.search(r"\{#[^{}]*\}[ \t]*\S", line):
        return ["text after the braces; expected braces at the end of the line"]
    if re.search(r"｛[^｛]*[#＃]", line):
        return ["full-width braces; expected {#id}"]
    return []
