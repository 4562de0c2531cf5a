"""Search the paragraphs of a course in memory. Questions are not searched, because their reasons reveal the keys."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from courseware.content.rendering.paragraphs import as_searched
from courseware.content.rendering.store import Outline, Paragraph, TermNames
from courseware.course_format.parsing.chinese import HAN, has_characters

MOST_WORDS = 8
MOST_PAGES = 20
OF_A_PAGE = 3
NEAR = 1 / 3  # share of the query's pairs of characters and words
AROUND = 60  # characters shown before the first match
SHOWN = 220

_WORDS = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+(?:['’-][^\W_{HAN}]+)*")
_WORTH = {"card": 3, "rule": 2, "say": 2}


@dataclass(frozen=True)
class Wanted:
    """A word of the query, from `words_wanted`. Chinese characters match anywhere in a text, letters at the start of a
    word: "code" finds "codes". Pass texts through `as_searched`.
    """

    sign: str

    def spans(self, text: str) -> list[tuple[int, int]]:
        begins = "" if is_chinese(self.sign) else rf"(?<![^\W{HAN}])"
        # `in` is ten times as fast as a pattern, and most texts do not match.
        return [match.span() for match in re.finditer(begins + re.escape(self.sign), text)] if self.sign in text else []

    def is_in(self, text: str) -> bool:
        return bool(self.spans(text))


@dataclass(frozen=True)
class Hit:
    paragraph: Paragraph
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class FoundPage:
    """The best hits on one page, in reading order. `more`: number of hits left out."""

    document: str
    title: str
    hits: tuple[Hit, ...]
    more: int


@dataclass(frozen=True)
class Findings:
    """`is_near`: no paragraph has all words; those in `pages` have at least the share NEAR of them."""

    pages: tuple[FoundPage, ...] = ()
    terms: tuple[TermNames, ...] = ()
    is_near: bool = False

    @property
    def has_all(self) -> bool:
        return bool(self.pages) and not self.is_near


def search(asked: str, paragraphs: Sequence[Paragraph], outline: Outline) -> Findings:
    """Search `paragraphs` of one course for all words of `asked`; else for the names in this language of terms that
    begin with `asked`; else for near matches. Empty without a word.
    """
    words = words_wanted(asked)
    if not words:
        return Findings()
    positions = {step.id: position for position, step in enumerate(outline.steps)}
    known = {*positions, outline.card_id}
    readable = [each for each in paragraphs if each.document in known]
    terms = terms_like(words, outline.terms)
    for tried in (words, *(words_wanted(term.name) for term in terms)):
        if scores := dict(scored(readable, wanted := [Wanted(word) for word in tried])):
            return Findings(tuple(pages_of(scores, positions, wanted)), terms)
    return found_near(words_wanted(terms[0].name) if terms else words, readable, positions, terms)


def found_near(words: Sequence[str], readable: Sequence[Paragraph], positions: Mapping[str, int], terms) -> Findings:
    wanted = [Wanted(gram) for gram in grams_of(words)]
    scores = dict(scored_near(readable, wanted))
    return Findings(tuple(pages_of(scores, positions, wanted)), terms, is_near=bool(scores))


def in_courses(asked: str, courses: Iterable[tuple[Sequence[Paragraph], Outline]]) -> list[Findings]:
    """Return one result per course (paragraphs, outline). If one is exact (`has_all`), near results are dropped."""
    found = [search(asked, paragraphs, outline) for paragraphs, outline in courses]
    if any(each.has_all for each in found):
        return [Findings(terms=each.terms) if each.is_near else each for each in found]
    return found


def words_wanted(asked: str) -> list[str]:
    return list(dict.fromkeys(_WORDS.findall(as_searched(asked))))[:MOST_WORDS]


def is_chinese(word: str) -> bool:
    return has_characters(word[0])


def grams_of(words: Iterable[str]) -> list[str]:
    """Return pairs of Chinese characters, and other words without a plural "s"."""
    grams: list[str] = []
    for word in words:
        if is_chinese(word):
            grams += [word[position : position + 2] for position in range(max(len(word) - 1, 1))]
        else:
            grams.append(word.removesuffix("s") if len(word) > 3 else word)
    return list(dict.fromkeys(grams))


def scored(paragraphs: Iterable[Paragraph], wanted: Sequence[Wanted]) -> Iterator[tuple[Paragraph, float]]:
    """Yield (paragraph, score) of full matches. If only a title or heading matches, yield the first paragraph below."""
    shown_under: set[tuple[str, str]] = set()
    for paragraph in paragraphs:
        text, above = paragraph.searched
        inside = [word for word in wanted if word.is_in(text)]
        if not all(word in inside or word.is_in(above) for word in wanted):
            continue
        in_title = all(word.is_in(above.partition("\n")[0]) for word in wanted)
        heading = paragraph.document, "" if in_title else paragraph.under
        if inside or heading not in shown_under:
            yield paragraph, _WORTH.get(paragraph.kind, 0) + 3 * sum(word.is_in(above) for word in wanted) + len(inside)
        shown_under.add(heading)


def scored_near(paragraphs: Iterable[Paragraph], wanted: Sequence[Wanted]) -> Iterator[tuple[Paragraph, float]]:
    inside = {paragraph: [gram for gram in wanted if gram.is_in(paragraph.searched[0])] for paragraph in paragraphs}
    often = Counter(gram for found in inside.values() for gram in found)
    for paragraph, found in inside.items():
        if found and len(found) >= NEAR * len(wanted):
            yield paragraph, sum(1 / often[gram] for gram in found)


def pages_of(
    scores: Mapping[Paragraph, float], positions: Mapping[str, int], wanted: Sequence[Wanted]
) -> Iterator[FoundPage]:
    by_page = defaultdict(list)
    for paragraph in scores:
        by_page[paragraph.document].append(paragraph)

    def rank(document: str) -> tuple[float, int]:
        return -max(scores[paragraph] for paragraph in by_page[document]), positions.get(document, -1)

    for document in sorted(by_page, key=rank)[:MOST_PAGES]:
        found = by_page[document]
        best = sorted(sorted(found, key=lambda paragraph: -scores[paragraph])[:OF_A_PAGE], key=found.index)
        hits = tuple(Hit(paragraph, tuple(pieces_of(paragraph.text, wanted))) for paragraph in best)
        yield FoundPage(document, found[0].title, hits, len(found) - len(best))


def pieces_of(text: str, wanted: Iterable[Wanted]) -> Iterator[tuple[str, bool]]:
    """Yield (piece, whether it matches) of an excerpt of `text` of about SHOWN characters around the first match."""
    spans = merged(sorted(span for word in wanted for span in word.spans(as_searched(text))))
    begin = cut_before(text, spans[0][0] if spans else 0)
    end = begin + SHOWN
    if begin:
        yield "…", False
    for first, last in spans:
        if last <= end:
            yield text[begin:first], False
            yield text[first:last], True
            begin = last
    yield text[begin:end] + ("…" if len(text) > end else ""), False


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in spans:
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def cut_before(text: str, position: int) -> int:
    """Return the index of `text` to begin at so that `position` is shown: at a sentence or word nearby."""
    if position <= AROUND:
        return 0
    begin = position - AROUND
    breaks = [match.end() for match in re.finditer(r"[。！？；，]|[.!?;,]? ", text[begin:position])]
    return begin + breaks[0] if breaks else begin


def terms_like(words: Sequence[str], terms: Iterable[TermNames]) -> tuple[TermNames, ...]:
    """Return up to OF_A_PAGE terms with a name in any language that begins with `words` (from `words_wanted`)."""
    asked = " ".join(words)
    names = {term: [as_searched(name) for name in (term.name, *term.elsewhere)] for term in terms}
    return tuple(term for term in names if any(name.startswith(asked) for name in names[term]))[:OF_A_PAGE]
