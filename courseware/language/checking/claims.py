"""A source behind each claim, and valid keys on each source."""

import re
from collections.abc import Iterator

from courseware.language.checking.registry import always
from courseware.language.course import EDITOR_MARKS, SOURCE_MARKS, CourseText
from courseware.language.parsing import ParsedDocument
from courseware.language.problems import Finding, Problem, nearest_or_all
from courseware.language.spans import blank_code, find_sources, plain

# Shares, money, large numbers, years and articles of laws; not small numbers such as a floor or a time of day.
_CLAIM = re.compile(
    r"\d[\d,.]{0,30}\s{0,3}(?:[%％万亿]|million|billion)|[$€£¥]\s?\d|(?<!\d)(?:19|20)\d\d(?!\d)"
    r"|[》法]第[一二三四五六七八九十百零]+条|\b[Aa]rticle \d"
)
# A number in an address or an id is not a claim either.
_ADDRESS = re.compile(r"\]\([^)]*\)|\{[^}]*\}|https?:\S+")


@always
def check_claims(course: CourseText) -> Iterator[Problem]:
    for document in course.of_kind("lesson", "bank"):
        for translation in course.documents[document.id].values():
            yield from _check_document(translation)


def _check_document(document: ParsedDocument) -> Iterator[Problem]:
    for section, lines in document.spans():
        if any(find_sources(line.text) for line in lines):
            continue  # one mark covers the section
        for line in lines:
            if claim := _CLAIM.search(plain(_ADDRESS.sub("", blank_code(line.text)))):
                finding = Finding("claim-without-source", claim=claim[0], section=section.id)
                yield Problem(document.path, line.number, finding)


@always
def check_source_marks(course: CourseText) -> Iterator[Problem]:
    known = ("checked", *SOURCE_MARKS, *EDITOR_MARKS)
    for source in course.sources.values():
        findings = []
        for key, value in source.attrs.items():
            if key not in known:
                findings.append(Finding("unknown-brace-key", key=key, id=source.id, **nearest_or_all(key, known)))
            elif key != "checked" and value:
                findings.append(Finding("brace-key-with-value", key=key, value=value))
        if "checked" not in source.attrs:
            findings.append(Finding("source-without-date", source=source.id))
        yield from (Problem(source.path, source.line, finding) for finding in findings)
