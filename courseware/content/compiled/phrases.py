"""Phrases: what a lesson gives to be said as it stands (`> [!say]`), each known by where it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.compiled.paragraphs import as_searched, paragraph_ids, text_in


@dataclass(frozen=True)
class Phrase:
    """`key` is the same in every language and as long as it stays where it is: see `phrase_key`. `under` is the heading
    above it, else ""; `paragraphs` are the ids of what it consists of on its page.
    """

    key: str
    under: str
    html: str
    paragraphs: tuple[str, ...]

    @property
    def searched(self) -> str:
        """As a search reads it."""
        return as_searched(text_in(self.html))


def phrase_key(section: str, number: int) -> str:
    """Of the phrase with this number, from 1, in the section with this id ("" for what comes before all headings).

    >>> phrase_key("sudden-sound", 1)
    'sudden-sound:1'
    """
    return f"{section}:{number}"


def phrases_in(blocks: Iterable[Mapping[str, Any]]) -> dict[str, Phrase]:
    """By key, in reading order."""
    said = (block for block in blocks if block.get("phrase"))
    return {
        block["phrase"]: Phrase(block["phrase"], block["under"], block["html"], paragraph_ids(block["html"]))
        for block in said
    }
