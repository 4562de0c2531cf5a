"""Phrases that learners may say word for word (`> [!say]`), identified by section and number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.rendering.paragraphs import as_searched, paragraph_ids, text_in


@dataclass(frozen=True)
class Phrase:
    """`key`: equal in all languages; `under`: the heading above, or ""; `paragraphs`: their ids on the page."""

    key: str
    under: str
    html: str
    paragraphs: tuple[str, ...]

    @property
    def searched(self) -> str:
        return as_searched(text_in(self.html))


def phrase_key(section: str, number: int) -> str:
    """Return the key of a phrase. `section`: id; `number`: of the phrase in its section, from 1.

    >>> phrase_key("sudden-sound", 1)
    'sudden-sound:1'
    """
    return f"{section}:{number}"


def phrases_in(blocks: Iterable[Mapping[str, Any]]) -> dict[str, Phrase]:
    """Return key → phrase of the `blocks` of a lesson's page data."""
    phrase_blocks = (block for block in blocks if block.get("phrase"))
    return {
        block["phrase"]: Phrase(block["phrase"], block["under"], block["html"], paragraph_ids(block["html"]))
        for block in phrase_blocks
    }
