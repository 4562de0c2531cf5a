"""Cut the text of a node into lines: who says what, and what happens in between (docs/formats.md §4)."""

import re
from collections.abc import Iterator
from itertools import groupby

from courseware.language.simulations import SpokenLine

_SPOKEN = re.compile(r"\*\*(?P<who>[^*]+)\*\*\s*[：:]\s*(?P<text>.*)", re.DOTALL)
_QUOTE = re.compile(r" {0,3}> ?")


def cut_speech(text: str) -> tuple[SpokenLine, ...]:
    """`text` is Markdown source. A quote is speech: one line per paragraph, the speaker's name in bold."""
    return tuple(_lines(text))


def _lines(text: str) -> Iterator[SpokenLine]:
    for is_quote, group in groupby(text.split("\n"), lambda line: bool(_QUOTE.match(line))):
        if is_quote:
            quoted = "\n".join(_QUOTE.sub("", line, count=1) for line in group)
            yield from map(_speech, _paragraphs(quoted))
        elif narration := "\n".join(group).strip("\n"):
            yield SpokenLine("", narration)


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip("\n") for paragraph in re.split(r"\n[ \t]*\n", text) if paragraph.strip()]


def _speech(paragraph: str) -> SpokenLine:
    match = _SPOKEN.fullmatch(paragraph)
    return SpokenLine(match["who"], match["text"]) if match else SpokenLine("", paragraph)
