"""Phrases that learners may say word for word (`> [!say]`), identified by their place.

Ids would have to be written and translated for each phrase. A phrase inserted before another one in its section changes
the key of that one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.rendering.paragraphs import as_searched, paragraph_ids, text_in


@dataclass(frozen=True)
class Phrase:
    """`key`: the same in every language; `under`: the heading above, or ""; `paragraphs`: their ids on the page."""

    key: str
    under: str
    html: str
    paragraphs: tuple[str, ...]

    @property
    def searched(self) -> str:
        return as_searched(text_in(self.html))


def phrase_key(section: str, number: int) -> str:
    """Of the phrase with this number, from 1, in a section.

    >>> phrase_key("sudden-sound", 1)
    'sudden-sound:1'
    """
    return f"{section}:{number}"


def phrases_in(blocks: Iterable[Mapping[str, Any]]) -> dict[str, Phrase]:
    said = (block for block in blocks if block.get("phrase"))
    return {
        block["phrase"]: Phrase(block["phrase"], block["under"], block["html"], paragraph_ids(block["html"]))
        for block in said
    }
