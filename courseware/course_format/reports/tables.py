"""Tables of claims (`content_facts`) and syllabus points (`content_points`): where each is taught and asked."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log

from courseware.course_format.course import EDITOR_MARKS, SOURCE_MARKS, CourseText, ListEntry
from courseware.course_format.parsing.blocks import Callout, Prose
from courseware.course_format.parsing.marked_text import find_links, find_sources, plain
from courseware.course_format.parsing.metadata import LessonMeta
from courseware.course_format.parsing.parser import QUESTION_KINDS, ParsedDocument, Section
from courseware.course_format.questions.question_types import Question
from courseware.course_format.simulations.parser import make_simulation

_SIGNS = re.compile(r"[\W_]+")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
ENOUGH = 20  # character pairs; keeps a section from winning only because it is short
_NO_PROSE = re.compile(r"[|>#`]")  # a table, speech or code is no paragraph to quote


@dataclass(frozen=True)
class Claim:
    """`source` is Markdown; `cited_in`: title of a document → ids of its sections."""

    id: str
    says: str
    source: str
    marks: tuple[str, ...]
    checked: str
    cited_in: Mapping[str, tuple[str, ...]]

    @property
    def unopened(self) -> str:
        """The URL of its first link if it is marked as unopened, else ""."""
        links = find_links(self.source)
        return links[0].target if links and "unopened" in self.marks else ""


def claims_of(course: CourseText, language: str) -> list[Claim]:
    """Return the claims in the order of the list of sources, in `language` or else the source language."""
    language = language if language in course.languages else course.languages[0]
    cited: dict[str, dict[str, list[str]]] = {}
    for source, title, section in _citations(course, language):
        sections = cited.setdefault(source, {}).setdefault(title, [])
        sections += [section] if section and section not in sections else []
    return [_claim(each, language, cited.get(each.id, {})) for each in course.sources.values()]


def _citations(course: CourseText, language: str) -> Iterator[tuple[str, str, str]]:
    """Yield (source id, title of the document, id of the section) in the order of the file names."""
    for original in course.of_kind("lesson", "simulation", "bank", "card"):
        document = course.text(original.id, language)
        for section, lines in document.spans():
            for line in lines:
                for source in find_sources(line.text):
                    yield source, document.title, section.id or ""


def _claim(listed: ListEntry, language: str, cited: Mapping[str, list[str]]) -> Claim:
    text = listed.texts.get(language) or next(iter(listed.texts.values()))
    says, bracket, source = text.partition("[")  # the claim ends where its source begins
    marks = tuple(mark for mark in (*EDITOR_MARKS, *SOURCE_MARKS) if mark in listed.attrs)
    cited_in = {title: tuple(sections) for title, sections in cited.items()}
    return Claim(listed.id, says.strip(), bracket + source.strip(), marks, listed.attrs.get("checked", ""), cited_in)


@dataclass(frozen=True)
class TaughtPoint:
    """A syllabus point and the title of a document that covers it; empty strings if none does.

    `sections`: ids, first the one nearest in wording, then those named by `questions`. `questions`: ids of bank
    questions that lead to that section, else to the document, else its own questions (of a simulation, its nodes).
    `sentence`: first rule or paragraph of the section.
    """

    id: str
    says: str
    document: str = ""
    sections: tuple[str, ...] = ()
    sentence: str = ""
    questions: tuple[str, ...] = ()


def points_of(course: CourseText, language: str) -> list[TaughtPoint]:
    """Return the syllabus points in order, once per covering document, in `language` or else the source language."""
    language = language if language in course.languages else course.languages[0]
    asked: dict[str, list[Question]] = {}  # id of a lesson → bank questions that lead to it
    for bank in course.of_kind("bank"):
        for question in course.questions(bank.id, course.languages[0]):
            asked.setdefault(question.lesson, []).append(question)
    return [each for point, heading in _listed(course) for each in _taught(course, point, heading, language, asked)]


def _listed(course: CourseText) -> Iterator[tuple[ListEntry, str]]:
    """Yield (point, id of the heading above it). A document may cover either of them."""
    for document in course.of_kind("outline"):
        for section in document.sections:
            for entry in section.blocks:
                if (point := getattr(entry, "id", None)) in course.outline:
                    yield course.outline[str(point)], section.id


def _taught(
    course: CourseText, point: ListEntry, heading: str, language: str, asked: dict[str, list[Question]]
) -> Iterator[TaughtPoint]:
    says = plain(point.texts.get(language) or next(iter(point.texts.values()), ""))
    covering = [one for one, meta in course.with_meta(LessonMeta) if {point.id, heading} & {*meta.covers}]
    if not covering:
        yield TaughtPoint(point.id, says)
    for original in covering:
        document = course.text(original.id, language)
        nearest = nearest_section(course, original, point)
        section = document.section(nearest) or document.sections[0]
        questions = _leading_to(nearest, asked.get(original.id, []))
        sections = dict.fromkeys([nearest, *(each.section for each in questions)])
        ids = tuple(each.id for each in questions) or _asked_in(course, original)
        yield TaughtPoint(
            point.id, says, document.title, tuple(filter(None, sections)), first_rule_or_paragraph(section), ids
        )


def _leading_to(section: str, questions: list[Question]) -> list[Question]:
    return [each for each in questions if each.section == section] or questions


def _asked_in(course: CourseText, document: ParsedDocument) -> tuple[str, ...]:
    """Return ids of a lesson's check questions, else of its other questions; of a simulation, ids of its nodes."""
    language = course.languages[0]
    if document.kind == "simulation":
        return tuple(make_simulation(course, document.id, language).nodes)
    questions = course.check_questions(document.id, language) or course.questions(document.id, language)
    return tuple(question.id for question in questions)


def nearest_section(course: CourseText, document: ParsedDocument, point: ListEntry) -> str:
    """Return the id of the section nearest to the point by pairs of characters; if possible not a question."""
    near = Counter(dict.fromkeys(_telling(document), 0.0))
    for language, text in point.texts.items():
        own = course.documents[document.id].get(language)
        pairs = _pairs_by_section(own.sections, near) if own else {}
        common = Counter(pair for each in pairs.values() for pair in each)
        for section, each in pairs.items():
            shared = sum(log(1 + len(pairs) / common[pair]) for pair in _pairs(plain(text)) & each)
            near[section] += shared / (ENOUGH + len(each)) ** 0.5
    return near.most_common(1)[0][0]  # of equals the first


def _telling(document: ParsedDocument) -> list[str]:
    """Return the ids of sections with text that are no questions, else of the first section with text."""
    saying = [section for section in document.sections if first_rule_or_paragraph(section)] or list(document.sections)
    return [section.id for section in saying if section.kind not in QUESTION_KINDS] or [saying[0].id]


def _pairs_by_section(sections: Iterable[Section], ids: Collection[str]) -> dict[str, set[str]]:
    return {section.id: _pairs(f"{section.title} {_text(section)}") for section in sections if section.id in ids}


def _pairs(text: str) -> set[str]:
    signs = _SIGNS.sub("", plain(text).lower())
    return {signs[index : index + 2] for index in range(len(signs) - 1)}


def _text(section: Section) -> str:
    return "\n".join(block.text for block in section.blocks if isinstance(block, Prose | Callout))


def first_rule_or_paragraph(section: Section) -> str:
    """Return the first rule of a section, else its first paragraph, else "", as plain text in one line."""
    rules = (block.text for block in section.blocks if isinstance(block, Callout) and block.kind == "rule")
    prose = (block.text for block in section.blocks if isinstance(block, Prose))
    paragraphs = (part for text in prose for part in _PARAGRAPH.split(text.strip()) if not _NO_PROSE.match(part))
    first = next(filter(str.strip, (*rules, *paragraphs)), "")
    return " ".join(plain(first).split())
