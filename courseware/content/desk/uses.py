"""Which documents refer to a document, to its questions, or to the entries of its lists."""

from collections.abc import Iterator, Mapping
from typing import Any

from courseware.language.course import CourseText
from courseware.language.documents import JURISDICTION
from courseware.language.frontmatter import decode
from courseware.language.parsing import ParsedDocument, inserts_in
from courseware.language.spans import find_links, find_sources

_OWN_KEYS = {"id", "title"}
_NAMING = ("objective", "lesson", "tracks")  # keys in braces that hold ids


def uses_of(document: str, course: CourseText, bodies: Mapping[str, bytes]) -> list[ParsedDocument]:
    """Documents, in the source language, that refer to a document (id) or its parts. `bodies`: files with inserts."""
    own = {document}
    if document in course.documents:
        text = course.source(document)
        own |= {question.id for question in text.questions} | {entry.id for entry in text.entries}
    others = (course.source(identifier) for identifier in course.documents if identifier != document)
    sheets = {sheet.id for sheet in course.of_kind(JURISDICTION)}
    return [
        other
        for other in others
        if any(own.intersection(names) for names in naming(course, other))
        or (document in sheets and own.intersection(taken(course, other, bodies)))
    ]


def taken(course: CourseText, document: ParsedDocument, bodies: Mapping[str, bytes]) -> set[str]:
    texts = course.documents[document.id].values()
    return {identifier for text in texts for identifier in inserts_in(decode(bodies[text.path]))}


def naming(course: CourseText, document: ParsedDocument) -> Iterator[set[str]]:
    yield set(ids_in({key: value for key, value in document.front.values.items() if key not in _OWN_KEYS}))
    for section in document.sections:
        yield {word for key in _NAMING for word in section.attrs.get(key, "").split()}
    for text in course.documents[document.id].values():
        for line in text.lines:
            yield {link.target.removeprefix("#") for link in find_links(line.text)} | set(find_sources(line.text))


def ids_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (str(key), *ids_in(inner))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from ids_in(inner)
