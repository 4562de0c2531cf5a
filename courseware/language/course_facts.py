"""Every claim of a course as `content_facts` lists it: what it says, on whose word, and where it is cited."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from courseware.language.course import EDITOR_MARKS, SOURCE_MARKS, CourseText, Listed
from courseware.language.spans import find_links, find_sources


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
        """The first address if it is still unopened, else ""."""
        links = find_links(self.source)
        return links[0].target if links and "unopened" in self.marks else ""


def claims_of(course: CourseText, language: str) -> list[Claim]:
    """In the order of the list of sources, in `language` or else the source language."""
    language = language if language in course.languages else course.languages[0]
    cited: dict[str, dict[str, list[str]]] = {}
    for source, title, section in _citations(course, language):
        sections = cited.setdefault(source, {}).setdefault(title, [])
        sections += [section] if section and section not in sections else []
    return [_claim(each, language, cited.get(each.id, {})) for each in course.sources.values()]


def _citations(course: CourseText, language: str) -> Iterator[tuple[str, str, str]]:
    """(source, title of the document, id of the section) in the order of the file names."""
    for original in course.of_kind("lesson", "simulation", "bank", "card"):
        document = course.documents[original.id].get(language, original)
        for section, lines in document.spans():
            for line in lines:
                for source in find_sources(line.text):
                    yield source, document.title, section.id or ""


def _claim(listed: Listed, language: str, cited: Mapping[str, list[str]]) -> Claim:
    text = listed.texts.get(language) or next(iter(listed.texts.values()))
    says, bracket, source = text.partition("[")  # what is claimed ends where its source is named
    marks = tuple(mark for mark in (*EDITOR_MARKS, *SOURCE_MARKS) if mark in listed.attrs)
    places = {title: tuple(sections) for title, sections in cited.items()}
    return Claim(listed.id, says.strip(), bracket + source.strip(), marks, listed.attrs.get("checked", ""), places)
