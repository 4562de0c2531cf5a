"""Preview of a document as typed, with its issues, made in a process beside the server without the database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import django
from django.conf import settings
from django.core.cache import cache

from courseware.content.authoring.simulation_preview import SimulationPreview, preview_simulation
from courseware.content.releases.drafts import NotChecked, texts_of
from courseware.content.releases.publishing import ContentErrors, read_valid
from courseware.content.releases.revisions import Files
from courseware.content.rendering.expert_reviews import Reviewer
from courseware.content.rendering.figures import Media
from courseware.content.rendering.pages import KINDS, compile_page
from courseware.course_format.checks import check_course
from courseware.course_format.course import CourseText, read_course
from courseware.course_format.diagnostics import Diagnostic
from courseware.course_format.parsing.documents import JURISDICTION, MEDIA_FOLDER
from courseware.course_format.parsing.frontmatter import decode
from courseware.course_format.parsing.marked_text import find_links, find_sources
from courseware.course_format.parsing.parser import ParsedDocument, inserts_in
from courseware.course_format.questions.question_types import Question, load_question
from courseware.course_format.simulations.simulation import load_simulation
from courseware.lib.side_process import MachineBusy, OutOfTime, SideProcess, StillBusy, WorkNotDone

beside = SideProcess(prepare=django.setup)
beside_saving = SideProcess(prepare=django.setup, niceness=0)  # so that no save waits for a preview


@dataclass(frozen=True)
class Manuscript:
    """Input of a preview: one document as typed, and the rest of its course."""

    document: str  # its id
    files: Files  # of the revision that was opened
    typed: Mapping[str, str]  # language → text, as far as a form has sent it
    others: Mapping[str, bytes]  # path → latest text of the other documents; figures are empty
    media: Mapping[str, Media]
    reader: Reviewer | None = None  # the expert who has reviewed exactly this text

    @property
    def paths(self) -> set[str]:
        return {file.path for file in self.files.values()}


class Use(NamedTuple):
    """A document that refers to the previewed one."""

    id: str
    title: str
    path: str


@dataclass(frozen=True)
class Preview:
    """`missing`: reason why there is none; `problems`: its own, and errors it causes in other documents.

    `page`: None for an unreadable text or a kind without pages. Its `blocks` contain questions with keys; those of a
    survey are in `survey`. `simulation`: attempt at a simulation without errors.
    """

    missing: Literal["", "busy", "late", "broken"] = ""
    problems: tuple[Diagnostic, ...] = ()
    page: dict[str, Any] | None = None
    simulation: SimulationPreview | None = None
    figures: tuple[tuple[str, Media], ...] = ()
    uses: tuple[Use, ...] = ()


def preview_for(
    person: int, manuscript: Manuscript, language: str, sent: Mapping[str, str], parts: Iterable[str] = ()
) -> Preview:
    """Return the preview; with `missing` set if it failed, or if another preview of the `person` (key) is being made.
    `sent`: posted fields, and `parts`: positions of ticked parts; see `preview_simulation`.
    """
    key, seconds = f"preview-{person}", settings.PREVIEW_SECONDS
    if not cache.add(key, True, beside.longest(seconds) + 1):
        return Preview("busy")
    try:
        return beside.run(make_preview, manuscript, language, dict(sent), [*parts], seconds=seconds)
    except WorkNotDone as reason:
        return missing_preview(reason)
    finally:
        cache.delete(key)


def missing_preview(reason: WorkNotDone) -> Preview:
    """Return a preview whose `missing` gives the reason."""
    if isinstance(reason, (StillBusy, MachineBusy)):
        return Preview("busy")
    return Preview("late" if isinstance(reason, OutOfTime) else "broken")


def check_in_side_process(bodies: dict[str, bytes]) -> None:
    """Check files (path → content). Raise `ContentErrors`; `NotChecked` for a busy machine; else `WorkNotDone`."""
    texts = {path: b"" if path.startswith(MEDIA_FOLDER) else body for path, body in bodies.items()}
    try:
        errors = beside_saving.run(errors_in, texts, seconds=settings.PREVIEW_SECONDS)
    except (StillBusy, MachineBusy) as reason:
        raise NotChecked from reason
    if errors:
        raise ContentErrors(errors)


# In the process beside the server ------------------------------------------------------------------------------------


def make_preview(manuscript: Manuscript, language: str, sent: Mapping[str, str], parts: Iterable[str]) -> Preview:
    texts = texts_of(manuscript.files, manuscript.typed)
    bodies = {**manuscript.others, **{file.path: file.body for file in texts.values()}}
    course = read_course(bodies)
    problems = problems_of(manuscript, course)
    page = page_of(manuscript, course, language)
    named = (link.target for file in texts.values() for link in find_links(file.body.decode(errors="replace")))
    return Preview(
        problems=problems,
        page=page,
        simulation=None if is_faulty(manuscript, problems) else preview_of(page or {}, sent, parts),
        figures=tuple((path, manuscript.media[path]) for path in dict.fromkeys(named) if path in manuscript.media),
        uses=tuple(Use(use.id, use.title, use.path) for use in uses_of(manuscript.document, course, bodies)),
    )


def errors_in(bodies: dict[str, bytes]) -> tuple[Diagnostic, ...]:
    """Return the errors of a course (path → content)."""
    try:
        read_valid(bodies)
    except ContentErrors as errors:
        return errors.problems
    return ()


def problems_of(manuscript: Manuscript, course: CourseText) -> tuple[Diagnostic, ...]:
    """Return issues of the document as typed, and errors that it causes in other documents; () for a figure."""
    if "" in manuscript.files:  # a figure
        return ()
    found = check_course(course, changed=manuscript.document)
    return tuple(problem for problem in found if problem.path in manuscript.paths or problem.level == "error")


def is_faulty(manuscript: Manuscript, problems: Iterable[Diagnostic]) -> bool:
    """Return whether the document itself has an error among `problems`."""
    return any(problem.level == "error" and problem.path in manuscript.paths for problem in problems)


def preview_of(page: Mapping[str, Any], sent: Mapping[str, str], parts: Iterable[str]) -> SimulationPreview | None:
    """Return the attempt of `preview_simulation`; None if the page data are not of a simulation."""
    if "simulation" not in page:
        return None
    preview = preview_simulation(load_simulation(page["simulation"]), sent, parts)
    preview.map  # noqa: B018 - drawn now, and carried along
    return preview


def page_of(manuscript: Manuscript, course: CourseText, language: str) -> dict[str, Any] | None:
    """Return the page data with answer keys, or None for a kind without pages or an unreadable document."""
    document = manuscript.document
    if document not in course.documents or course.source(document).kind not in KINDS:
        return None
    page = compile_page(course, manuscript.media, document, language, manuscript.reader)
    if course.source(document).kind == "survey":
        return page | {"survey": page["questions"]}
    asked = {identifier: key_of(load_question(question)) for identifier, question in page.get("questions", {}).items()}
    blocks = page.get("blocks", [{"type": "question", "id": identifier} for identifier in asked])
    return page | {
        "blocks": [block | {"asked": asked[block["id"]]} if block["type"] == "question" else block for block in blocks]
    }


def key_of(question: Question) -> dict[str, Any]:
    """Return {"question", "choices": [(option, its mark from `belonging`)]}."""
    return {
        "question": question,
        "choices": [(choice, belonging(question, position)) for position, choice in enumerate(question.choices)],
    }


def belonging(question: Question, position: int) -> str:
    """Return the mark of an option (position from 0 in the file): step number, group, or "✓" if right, else ""."""
    if question.kind == "order":
        return str(position + 1)
    if question.kind == "sort":
        return question.groups[question.key[position]]
    return "✓" if question.choices[position].ticked else ""


# Documents that refer to the previewed one

_OWN_KEYS = {"id", "title"}
_NAMING = ("objective", "lesson", "tracks")  # keys in braces that hold ids


def uses_of(document: str, course: CourseText, bodies: Mapping[str, bytes]) -> list[ParsedDocument]:
    """Return source documents that refer to a document (id) or its parts. `bodies`: path → file as written."""
    own, takes_inserts = {document}, False
    if document in course.documents:
        text = course.source(document)
        own |= {question.id for question in text.questions} | {entry.id for entry in text.entries}
        takes_inserts = text.kind == JURISDICTION

    def refers_to_it(other: ParsedDocument) -> bool:
        if any(own.intersection(names) for names in referenced_ids(course, other)):
            return True
        return takes_inserts and bool(own.intersection(insert_ids(course, other, bodies)))

    others = [course.source(identifier) for identifier in course.documents if identifier != document]
    return [other for other in others if refers_to_it(other)]


def insert_ids(course: CourseText, document: ParsedDocument, bodies: Mapping[str, bytes]) -> set[str]:
    """Return the ids of all inserts `{=id}` in a document. `bodies`: path → file as written."""
    texts = course.documents[document.id].values()
    return {identifier for text in texts for identifier in inserts_in(decode(bodies[text.path]))}


def referenced_ids(course: CourseText, document: ParsedDocument) -> Iterator[set[str]]:
    """Yield sets of words with all ids a document refers to, from front matter, braces, links and source marks."""
    yield set(ids_in({key: value for key, value in document.front.values.items() if key not in _OWN_KEYS}))
    for section in document.sections:
        yield {word for key in _NAMING for word in section.attrs.get(key, "").split()}
    for text in course.documents[document.id].values():
        for line in text.lines:
            yield {link.target.removeprefix("#") for link in find_links(line.text)} | set(find_sources(line.text))


def ids_in(value: Any) -> Iterator[str]:
    """Yield all keys and texts in nested dicts, lists and tuples."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (str(key), *ids_in(inner))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from ids_in(inner)
