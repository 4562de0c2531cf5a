"""Changed sentences and questions of a lesson since a revision."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import groupby
from typing import Any, NamedTuple

from django.utils.html import strip_tags

from courseware.content.models import Release, ReleaseEntry
from courseware.content.releases.differences import equal_stretches
from courseware.content.rendering import store
from courseware.content.rendering.paragraphs import paragraphs_on

SENTENCE = re.compile(r".+?(?:[。！？]+[”’」』）]*|[.!?]+[”’\"')]*(?=\s|$)|$)\s*")
WORD = re.compile(r"[^\W\d_\u3000-\u9fff]+|\d+|\s+|.", re.DOTALL)
SHORTEST_EQUAL = 2  # minimum of equal characters between two differences


class ComparedPiece(NamedTuple):
    """A part of a sentence. `differs`: the other side does not have it."""

    text: str
    differs: bool


@dataclass(frozen=True)
class ChangedPassage:
    """Sentences that replace each other. One side is empty if they were added or removed."""

    old: tuple[ComparedPiece, ...]
    new: tuple[ComparedPiece, ...]


def changed_passages(
    document: int, seen: int, release: Release, identifier: str, language: str
) -> tuple[ChangedPassage, ...]:
    """Return changes of a lesson from revision `seen` (primary key) to `release`; () if `seen` was never released. Pass
    the lesson's primary key as `document` and its id as `identifier`. Cached. Raise `RenderedPage.DoesNotExist` if the
    release lacks the lesson.
    """
    return _changed(document, seen, release.pk, release.digest, release.compiler, identifier, language)


@lru_cache(256)
def _changed(
    document: int, seen: int, release: int, digest: str, compiler: int, identifier: str, language: str
) -> tuple[ChangedPassage, ...]:
    now = Release(pk=release, digest=digest, compiler=compiler)
    last = ReleaseEntry.objects.filter(document=document, revision=seen).order_by("-pk").select_related("release")
    for entry in last.defer("release__outlines")[:1]:
        before, after = (store.page(each, identifier, language).data for each in (entry.release, now))
        return tuple(compared(list(sentences_of(before)), list(sentences_of(after))))
    return ()


def sentences_of(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences of a lesson's page data, those of its questions last."""
    texts = [text for _at, _kind, _under, text in paragraphs_on("lesson", dict(data))]
    for identifier in data["order"]:
        texts += texts_of_question(data["questions"][identifier])
    for text in texts:
        yield from (match[0] for match in SENTENCE.finditer(f"{text}\n"))


def texts_of_question(stored: Mapping[str, Any]) -> Iterator[str]:
    """Yield the title, stem and options of a stored question as plain text."""
    choices = [choice["text"] for choice in stored.get("choices", ())]
    for html in (stored["title"], stored["stem"], *choices):
        if text := " ".join(unescape(strip_tags(html)).split()):
            yield text


def compared(before: list[str], after: list[str]) -> Iterator[ChangedPassage]:
    """Yield the changed parts of two lists of sentences (see `sentences_of`), in order."""
    left = right = 0
    for start, new_start, size in equal_stretches(before, after):
        if left < start or right < new_start:
            yield ChangedPassage(
                *compared_words("".join(before[left:start]).strip(), "".join(after[right:new_start]).strip())
            )
        left, right = start + size, new_start + size


def compared_words(old: str, new: str) -> tuple[tuple[ComparedPiece, ...], tuple[ComparedPiece, ...]]:
    """Return (`old`, `new`), each in pieces of equal or different words (Chinese: characters)."""
    one, other = WORD.findall(old), WORD.findall(new)
    same_old: set[int] = set()
    same_new: set[int] = set()
    for start, new_start, size in equal_stretches(one, other):
        at_an_end = start == new_start == 0 or (start + size, new_start + size) == (len(one), len(other))
        if at_an_end or len("".join(one[start : start + size]).strip()) >= SHORTEST_EQUAL:
            same_old.update(range(start, start + size))
            same_new.update(range(new_start, new_start + size))
    return compared_pieces(one, same_old), compared_pieces(other, same_new)


def compared_pieces(words: Iterable[str], same: set[int]) -> tuple[ComparedPiece, ...]:
    """Join neighboring words to pieces. `words`: with spaces; `same`: indexes of words that the other side has."""
    found = groupby(enumerate(words), key=lambda each: each[0] not in same)
    return tuple(ComparedPiece("".join(word for _index, word in group), differs) for differs, group in found)


def clear_caches() -> None:
    # For tests, like `store.clear_caches`.
    _changed.cache_clear()
