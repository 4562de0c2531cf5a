"""Checks of wording: similar length in both languages, use of glossary terms (warnings; docs/formats.md §10)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from courseware.course_format.checks.registry import always, of_one_document, when_complete
from courseware.course_format.course import CourseText, ListEntry
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.blocks import SourceLine
from courseware.course_format.parsing.braces import cut_braces
from courseware.course_format.parsing.chinese import count_characters, count_words, has_characters
from courseware.course_format.parsing.documents import display_tag
from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.parsing.parser import ParsedDocument

WORD_WEIGHT = 1.7  # Chinese characters per word of another language
MAX_DIFFERENCE = 0.4
MIN_WEIGHT = 120  # of a section that is compared
LISTS = ("jurisdiction", "outline", "terms", "sources")


def weight(text: str) -> float:
    """Return the text length in Chinese characters, without numbers. A word of another language counts WORD_WEIGHT."""
    return count_characters(text) + WORD_WEIGHT * count_words(text, numbers=False)


@of_one_document
@always
def check_wording(course: CourseText) -> Iterator[Diagnostic]:
    """Report translated sections that differ much in length or lack a glossary term of the source."""
    words = {language: _Words.of(course.terms, language) for language in course.languages}
    for source, translation in course.texts():
        if source.kind not in LISTS and translation is not source:
            yield from _compare(source, translation, words[source.language], words[translation.language])


def _compare(
    source: ParsedDocument, translation: ParsedDocument, there: "_Words", here: "_Words"
) -> Iterator[Diagnostic]:
    tag = display_tag(source.language)
    originals = {section.id: (section.line, _text(lines)) for section, lines in source.spans()}
    for section, lines in translation.spans():
        if section.id in originals:
            line, original = originals[section.id]
            text = _text(lines)
            for finding in (
                *_lengths(section.id, text, original, tag),
                *_terms(text, original, here, there, tag, line),
            ):
                yield Diagnostic(translation.path, section.line, finding)


def _text(lines: Iterable[SourceLine]) -> str:
    return plain("\n".join(cut_braces(line.text)[0] for line in lines))


def _lengths(section: str, here: str, there: str, language: str) -> Iterator[Finding]:
    own, other = weight(here), weight(there)
    if max(own, other) >= MIN_WEIGHT and abs(own - other) > MAX_DIFFERENCE * max(own, other):
        yield Finding("lengths-differ", section=section, here=own, there=other, language=language)


def _terms(here: str, there: str, own: "_Words", original: "_Words", language: str, line: int) -> Iterator[Finding]:
    found = own.find(here)
    for term, word in original.find(there).items():
        if term in own.patterns and term not in found:
            yield Finding("term-missing", original=word, language=language, line=line, expected=own.first[term])


@when_complete
def check_terms_said(course: CourseText) -> Iterator[Diagnostic]:
    """Report glossary terms that no document uses, for each language."""
    for language in course.languages:
        words = _Words.of(course.terms, language)
        used: set[str] = set()
        for document in course.documents.values():
            if language in document and document[language].kind not in LISTS:
                used |= set(words.find(_text(document[language].lines)))
        for term in words.patterns.keys() - used:
            listed = course.terms[term]
            yield listed.problem("term-not-said", term=words.first[term], language=display_tag(language))


@dataclass(frozen=True)
class _Words:
    """The glossary terms of one language: id → pattern, and id → first word."""

    patterns: Mapping[str, re.Pattern[str]]
    first: Mapping[str, str]

    @classmethod
    def of(cls, terms: Mapping[str, ListEntry], language: str) -> "_Words":
        words = {term.id: variants for term in terms.values() if (variants := _variants(term, language))}
        all_words = [word for variants in words.values() for word in variants]
        return cls(
            {
                term: re.compile("|".join(_pattern(word, all_words) for word in own), re.I)
                for term, own in words.items()
            },
            {term: own[0] for term, own in words.items()},
        )

    def find(self, text: str) -> dict[str, str]:
        matches = {term: pattern.search(text) for term, pattern in self.patterns.items()}
        return {term: match[0] for term, match in matches.items() if match}


def _variants(term: ListEntry, language: str) -> list[str]:
    """Return the words of an entry, such as "leak / breach", without explanations in brackets."""
    text = re.sub(r"[（(][^）)]*[）)]", "", term.texts.get(language, ""))
    return [word.strip() for word in re.split(r" ?[/／] ?", plain(text)) if word.strip()]


def _pattern(word: str, everything: list[str]) -> str:
    """Match inflections, but no longer term around the word, such as 敏感个人信息 around 个人信息."""
    if not has_characters(word):
        return r"(?<!\w)" + r"[\s-]+".join(re.escape(part[: max(5, len(part) - 3)]) + r"\w*" for part in word.split())
    longer = [other for other in everything if word in other and word != other]
    before = {other[: other.index(word)] for other in longer} - {""}
    behind = {other[other.index(word) + len(word) :] for other in longer} - {""}
    return "".join(
        [
            *(f"(?<!{re.escape(one)})" for one in sorted(before)),
            word,
            *(f"(?!{re.escape(one)})" for one in sorted(behind)),
        ]
    )
