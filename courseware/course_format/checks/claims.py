"""Checks of claims: a source for each claim, and valid keys on each source."""

import re
from collections.abc import Iterator

from courseware.course_format.checks.registry import always
from courseware.course_format.course import EDITOR_MARKS, SOURCE_MARKS, CourseText
from courseware.course_format.diagnostics import Diagnostic, nearest_or_all
from courseware.course_format.parsing.marked_text import blank_code, find_sources, plain

# Shares, money, large numbers, years and articles of laws; not small numbers such as a floor or a time of day.
_CLAIM = re.compile(
    r"\d[\d,.]{0,30}\s{0,3}(?:[%％万亿]|million|billion)|[$€£¥]\s?\d|(?<!\d)(?:19|20)\d\d(?!\d)"
    r"|[》法]第[一二三四五六七八九十百零]+条|\b[Aa]rticle \d"
)
# A number in a URL or an id is not a claim either.
_ADDRESS = re.compile(r"\]\([^)]*\)|\{[^}]*\}|https?:\S+")


@always
def check_claims(course: CourseText) -> Iterator[Diagnostic]:
    """Report lines with an amount, year or article of law, in sections of lessons and banks without a source mark."""
    for _source, document in course.texts("lesson", "bank"):
        for section, lines in document.spans():
            if any(find_sources(line.text) for line in lines):
                continue  # one mark covers the section
            for line in lines:
                if claim := _CLAIM.search(plain(_ADDRESS.sub("", blank_code(line.text)))):
                    yield document.problem(line.number, "claim-without-source", claim=claim[0], section=section.id)


@always
def check_source_marks(course: CourseText) -> Iterator[Diagnostic]:
    """Report sources with an unknown key, a mark that has a value, or no check date."""
    known = ("checked", *SOURCE_MARKS, *EDITOR_MARKS)
    for source in course.sources.values():
        for key, value in source.attrs.items():
            if key not in known:
                yield source.problem("unknown-brace-key", key=key, id=source.id, **nearest_or_all(key, known))
            elif key != "checked" and value:
                yield source.problem("brace-key-with-value", key=key, value=value)
        if "checked" not in source.attrs:
            yield source.problem("source-without-date", source=source.id)
