"""Pages: compile one document in one language to the data of its page. `compiler` lists their form."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise
from typing import Any, TypeVar

from django.urls import reverse

from courseware.content.rendering.expert_reviews import Reviewer, review_html
from courseware.content.rendering.figures import Media, figure_html
from courseware.content.rendering.markable_text import mark_pieces
from courseware.content.rendering.markdown import Pointers, Renderer
from courseware.content.rendering.mockups import screen_html
from courseware.content.rendering.page_links import page_url
from courseware.content.rendering.paragraphs import new_ids, with_ids
from courseware.content.rendering.phrases import phrase_key
from courseware.course_format.awaiting_review import WAITS, awaits_review_whole, sections_awaiting_review
from courseware.course_format.course import SOURCE_MARKS, CourseText, check_sections
from courseware.course_format.parsing.blocks import Callout, Figure, Mockup, split
from courseware.course_format.parsing.documents import JURISDICTION, STEP_KINDS
from courseware.course_format.parsing.lists import Choices, Entry
from courseware.course_format.parsing.metadata import BankMeta, ExamMeta, LessonMeta, SurveyMeta
from courseware.course_format.parsing.parser import Block, ParsedDocument, Section
from courseware.course_format.questions.question_types import Question, SurveyQuestion
from courseware.course_format.reading_time import minutes_of
from courseware.course_format.simulations.parser import make_simulation
from courseware.course_format.simulations.simulation import Ending, Node, NodeChoice, Part, Passage, dump_simulation

Titled = TypeVar("Titled", Node, Ending, Passage)
WithLines = TypeVar("WithLines", Node, Ending)
InList = TypeVar("InList", NodeChoice, Part)


def compile_page(
    course: CourseText, media: Mapping[str, Media], identifier: str, language: str, reader: Reviewer | None = None
) -> dict[str, Any]:
    """Return page data in `language` or else the source language. `media`: see `media_of`. `reader`: expert who
    reviewed the document, or None. Raise `KeyError` for an unknown id and for kinds without pages.
    """
    document = course.text(identifier, language)
    return {"title": document.title} | KINDS[document.kind](PageCompiler(course, media, document, reader))


class PageCompiler:
    """Common part of all kinds: HTML of blocks, sections and questions, and the numbers of cited sources."""

    def __init__(
        self, course: CourseText, media: Mapping[str, Media], document: ParsedDocument, reader: Reviewer | None = None
    ):
        self.course = course
        self.media = media
        self.document = document
        self.reader = reader
        self.numbers: dict[str, int] = {}  # id of a source → its number on this page
        self.renderer = Renderer(Pointers(self.address, self.number))

    @property
    def language(self) -> str:
        return self.document.language

    # Links and sources

    def number(self, source: str) -> int | None:
        """Return the number of a source (id) on this page, first assigned here; None if unknown or in other kinds."""
        if self.document.kind not in ("lesson", "simulation") or source not in self.course.sources:
            return None
        return self.numbers.setdefault(source, len(self.numbers) + 1)

    def address(self, identifier: str) -> str | None:
        """Return the URL for `(#id)`, or None for an unknown id."""
        section = self.document.section(identifier)
        if section:
            return f"#q-{identifier}" if section in self.document.questions else f"#{identifier}"
        return address_in(self.course, identifier)

    # Pieces

    def read_line(self) -> str:
        return review_html(self.reader, self.language)

    def html(self, blocks: Iterable[Block], name: str = "") -> str:
        """Return HTML. `name` (plain text) describes tables to screen readers. Raise `TypeError` for `Choices`."""
        return "\n".join(self.block_html(block, name) for block in blocks)

    def block_html(self, block: Block, name: str) -> str:
        if isinstance(block, Figure):
            return figure_html(block, self.media, self.renderer.inline(block.caption))
        if isinstance(block, Mockup):
            return screen_html(block, self.language)
        if isinstance(block, Callout):
            return f"<blockquote>{self.text_html(block.text, name)}</blockquote>"
        if isinstance(block, Entry):
            return f"<ul><li>{self.renderer.inline(block.text)}</li></ul>"
        if isinstance(block, Choices):
            raise TypeError("a list of choices is rendered with its question, not as a text")
        return self.renderer.html(block.text, name)

    def text_html(self, text: str, name: str) -> str:
        return self.html(split(text), name)

    def heading(self, section: Section) -> str:
        level = min(max(section.level, 2), 6)  # the page's own heading has level 1
        identifier = f' id="{section.id}"' if section.id else ""  # only letters, digits, "-", "." and "_"
        return f"<h{level}{identifier}>{self.renderer.inline(section.title)}</h{level}>"

    def body(self) -> str:
        return "\n".join(
            (self.heading(section) if section.id or section.title else "") + self.html(section.blocks, section.title)
            for section in self.document.sections
        )

    def question(self, question: Question) -> dict[str, Any]:
        """Return `Question.to_dict()` with HTML for every text. `question`: with Markdown texts."""
        title = self.renderer.plain(question.title)
        choices = tuple(
            replace(choice, text=self.renderer.inline(choice.text), reason=self.text_html(choice.reason, title))
            for choice in question.choices
        )
        stem = self.text_html(question.stem, title)
        if question.kind == "mark":
            stem = mark_pieces(stem, [choice.text for choice in choices])
        rendered = replace(
            question,
            title=self.renderer.inline(question.title),
            stem=stem,
            groups=tuple(map(self.renderer.inline, question.groups)),
            choices=choices,
        )
        return rendered.to_dict()

    def questions(self) -> dict[str, Any]:
        rendered = {
            question.id: self.question(question) for question in self.course.questions(self.document.id, self.language)
        }
        return {"questions": rendered, "order": list(rendered)}


def address_in(course: CourseText, identifier: str) -> str | None:
    """Return the URL for an id of a document or of a lesson's question, or for "tracks"; None without a page."""
    if identifier == "tracks":
        return page_url("tracks", course.id)
    if identifier in course.documents:
        return document_address(course, course.source(identifier))
    for document in course.of_kind("lesson"):
        if any(section.id == identifier for section in document.questions):
            return page_url("step", course.id, document.id) + f"#q-{identifier}"
    return None


def document_address(course: CourseText, document: ParsedDocument) -> str | None:
    """Return the URL of a document's page (of a module: of its first step), or None if it has none."""
    if document.kind == "course":
        return reverse("home")
    if document.kind == "card":
        return page_url("card", course.id)
    module = next((module for module in course.modules if module.id == document.id), None)
    step = next((step.id for step in module.steps), None) if module else document.id
    return page_url("step", course.id, step) if step and document.kind in (*STEP_KINDS, "module") else None


def compile_lesson(page: PageCompiler) -> dict[str, Any]:
    document = page.document
    check = [section.id for section in check_sections(page.course.source(document.id))]
    blocks = lesson_blocks(page)
    data = page.questions()
    return {
        **minutes_and_objectives(page),
        "blocks": blocks,
        "sections": [
            {"id": section.id, "title": page.renderer.plain(section.title), "level": section.level}
            for section in document.sections
            if section.id and section not in document.questions
        ],
        "check": check,
        **data,
        **sources_data(page),
    }


def minutes_and_objectives(page: PageCompiler) -> dict[str, Any]:
    """Return {"minutes", "objectives": ids} of a lesson or simulation, 0 and [] if its front matter is invalid."""
    meta = page.course.source(page.document.id).meta
    if not isinstance(meta, LessonMeta):
        return {"minutes": 0, "objectives": []}
    return {"minutes": minutes_of(page.course, page.document.id, page.language), "objectives": list(meta.objectives)}


def add_html(blocks: list[dict[str, Any]], html: str) -> None:
    """Append HTML to the last block if its type is "html", else as a new block. Changes `blocks`."""
    if blocks and blocks[-1]["type"] == "html":
        blocks[-1]["html"] += "\n" + html
    else:
        blocks.append({"type": "html", "html": html})


def begin_section(page: PageCompiler, blocks: list[dict[str, Any]], section: Section) -> None:
    """Append to `blocks` what a section begins with: a question, a check or its heading."""
    if section in page.document.questions:
        blocks.append({"type": "question", "id": section.id})
    elif section.kind == "check":
        blocks.append({"type": "check", "id": section.id, "title": page.renderer.plain(section.title)})
    elif section.id or section.title:
        add_html(blocks, page.heading(section))


def lesson_blocks(page: PageCompiler) -> list[dict[str, Any]]:
    """Return the blocks in reading order. Text between callouts and questions is one block."""
    blocks: list[dict[str, Any]] = []
    under, ends = "", last_sections_awaiting_review(page.document)
    for section in page.document.sections:
        numbers = count(1)
        if section not in page.document.questions:
            under = page.renderer.plain(section.title)
        begin_section(page, blocks, section)
        asks = [{"type": "tracks"}] if section.kind == "tracks" else []  # above the callouts for job roles
        for block in section.after:
            if isinstance(block, Callout):
                phrase = (
                    {"phrase": phrase_key(section.id, next(numbers)), "under": under} if block.kind == "say" else {}
                )
                blocks += asks
                asks = []
                blocks.append(callout_data(page, block, section.title) | phrase)
            else:
                add_html(blocks, page.block_html(block, page.renderer.plain(section.title) or page.document.title))
        blocks += asks
        if section in ends:
            add_html(blocks, page.read_line())
    ids = new_ids()
    return [block | {"html": with_ids(block["html"], ids)} if "html" in block else block for block in blocks]


def last_sections_awaiting_review(document: ParsedDocument) -> list[Section]:
    """Return the last section of each part that awaits expert review."""
    waiting = sections_awaiting_review(document)
    return [each for each, after in pairwise([*waiting, None]) if each and (not after or after.kind == WAITS)]


def callout_data(page: PageCompiler, callout: Callout, name: str) -> dict[str, Any]:
    kind = "job-role" if callout.kind == "tracks" else callout.kind
    return {"type": "callout", "kind": kind, "tracks": list(callout.tracks), "html": page.text_html(callout.text, name)}


def sources_data(page: PageCompiler) -> dict[str, Any]:
    sources = [source_data(page, identifier, number) for identifier, number in page.numbers.items()]
    days = (source["checked"] for source in sources if source["checked"])
    return {"sources": sources, "checked": min(days, default=None)}


def source_data(page: PageCompiler, identifier: str, number: int) -> dict[str, Any]:
    source = page.course.sources[identifier]
    text = source.texts.get(page.language) or next(iter(source.texts.values()), "")
    checked = source.attrs.get("checked") or None
    marks = [mark for mark in SOURCE_MARKS if mark in source.attrs]
    return {"id": identifier, "number": number, "html": page.renderer.inline(text), "checked": checked, "marks": marks}


def compile_exam(page: PageCompiler) -> dict[str, Any]:
    meta = page.document.meta
    if not isinstance(meta, ExamMeta):  # its front matter is invalid
        return {"html": page.body()}
    practice = meta.critical_drill
    return {
        "html": page.body(),
        "minutes": meta.minutes,
        "time_limit": meta.time_limit * 60 if meta.time_limit else None,
        "pass_mark": meta.pass_mark,
        "strata": [
            {
                "bank": exam_section.bank,
                "draw": exam_section.draw,
                "critical": [list(slot) for slot in exam_section.critical],
            }
            for exam_section in meta.strata
        ],
        "retakes": [{"wait": seconds(retake.wait), "after": retake.after} for retake in meta.retakes],
        "reopens": seconds(meta.reopens) if meta.reopens else None,
        "critical_drill": {"bank": practice.bank, "right": practice.right} if practice else None,
    }


def seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def compile_simulation(page: PageCompiler) -> dict[str, Any]:
    written = make_simulation(page.course, page.document.id, page.language)
    played = replace(
        written,
        title=page.renderer.inline(written.title),
        premise=with_ids(page.text_html(written.premise, written.title), new_ids()),
        nodes={node.id: node_with_html(page, node) for node in written.nodes.values()},
        endings=tuple(with_lines(page, ending) for ending in written.endings),
        debrief=tuple(with_html(page, passage) for passage in written.debrief),
    )
    return {
        **minutes_and_objectives(page),
        "read": page.read_line() if awaits_review_whole(page.course.source(page.document.id).meta) else "",
        "simulation": dump_simulation(played),
        **sources_data(page),
    }


def node_with_html(page: PageCompiler, node: Node) -> Node:
    title = page.renderer.plain(node.title)
    return replace(
        with_lines(page, node),
        rule=page.text_html(node.rule, title),
        display=page.text_html(node.display, title),
        choices=tuple(in_list(page, choice, title) for choice in node.choices),
        parts=tuple(in_list(page, part, title) for part in node.parts),
    )


def with_html(page: PageCompiler, piece: Titled) -> Titled:
    return replace(
        piece,
        title=page.renderer.inline(piece.title),
        text=page.text_html(piece.text, page.renderer.plain(piece.title)),
    )


def with_lines(page: PageCompiler, piece: WithLines) -> WithLines:
    title = page.renderer.plain(piece.title)
    lines = tuple(replace(line, text=page.text_html(line.text, title)) for line in piece.lines)
    return replace(with_html(page, piece), lines=lines)


def in_list(page: PageCompiler, item: InList, title: str) -> InList:
    return replace(item, text=page.renderer.inline(item.text), reason=page.text_html(item.reason, title))


def compile_bank(page: PageCompiler) -> dict[str, Any]:
    meta = page.document.meta if isinstance(page.document.meta, BankMeta) else None
    return page.questions() | {"topics": dict(meta.topics) if meta else {}}


def compile_survey(page: PageCompiler) -> dict[str, Any]:
    meta = page.document.meta if isinstance(page.document.meta, SurveyMeta) else None
    asked = page.course.survey_questions(page.document.id, page.language)
    intro = page.document.section("")
    return {
        "html": page.html(intro.blocks) if intro else "",
        "audience": meta.audience if meta else "learner",
        "after_days": meta.after_days if meta else 0,
        "anonymous": meta.anonymous if meta else True,
        "questions": [survey_question_data(page, question) for question in asked],
    }


def survey_question_data(page: PageCompiler, question: SurveyQuestion) -> dict[str, Any]:
    title = page.renderer.plain(question.title)
    return {
        "id": question.id,
        "kind": question.kind,
        "title": title,
        "html": page.text_html(question.stem, title),
        "from": question.first,
        "to": question.last,
        "choices": [page.renderer.inline(choice) for choice in question.choices],
    }


def compile_card(page: PageCompiler) -> dict[str, Any]:
    intro, ids = page.document.section(""), new_ids()
    law = next(page.course.of_kind(JURISDICTION), None)
    return {
        "html": with_ids(page.html(intro.blocks), ids) if intro else "",
        "jurisdiction": page.course.text(law.id, page.language).title if law else "",
        "sections": [
            {
                "id": section.id,
                "title": page.renderer.inline(section.title),
                "call": section.attrs.get("call", ""),
                "html": with_ids(page.html(section.blocks, section.title), ids),
            }
            for section in page.document.sections
            if section.id
        ],
    }


def compile_module(page: PageCompiler) -> dict[str, Any]:
    text = [
        (page.heading(section) if section.id or section.title else "")
        + page.html([block for block in section.blocks if not isinstance(block, Entry)], section.title)
        for section in page.document.sections
    ]
    objectives = [{"id": entry.id, "html": page.renderer.inline(entry.text)} for entry in page.document.entries]
    return {"html": "\n".join(text), "objectives": objectives}


KINDS: Mapping[str, Callable[[PageCompiler], dict[str, Any]]] = {
    "lesson": compile_lesson,
    "simulation": compile_simulation,
    "exam": compile_exam,
    "bank": compile_bank,
    "survey": compile_survey,
    "card": compile_card,
    "module": compile_module,
    "course": lambda page: {"html": page.body()},
}
