"""What the editor shows of one document: its texts, a preview rendered as for learners, problems, and uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from courseware.content.compiled.figures import Media, media_of
from courseware.content.compiled.pages import KINDS, compile_page
from courseware.content.models import Document, Revision
from courseware.content.releases.differences import Change, changes
from courseware.content.releases.drafts import as_written, course_with, shown
from courseware.content.releases.revisions import File, Files, files_of, make_file
from courseware.language.checking import check_course
from courseware.language.course import CourseText, read_course
from courseware.language.documents import display_tag
from courseware.language.frontmatter import Unreadable, decode, parse_front
from courseware.language.problems import Problem
from courseware.language.questions import Question, load_question
from courseware.language.simulations import Simulation, load_simulation
from courseware.language.spans import find_links

NAMES = {"zh-hans": "中文", "en": "English"}  # each in the language itself


def language_name(language: str) -> str:
    return NAMES.get(language, display_tag(language))


@dataclass(frozen=True)
class Sheet:
    """One language of the document in the editor. `problems` are those of its file."""

    language: str
    path: str
    text: str
    problems: tuple[Problem, ...]
    theirs: str = ""  # what somebody else has saved since; `differences` compares it with `text`
    differences: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        return language_name(self.language)

    @property
    def tag(self) -> str:
        return display_tag(self.language)


@dataclass(frozen=True)
class Desk:
    """A document in the editor: the texts as typed, based on the revision `base`."""

    document: Document
    base: Revision
    files: Files  # those of `base`
    typed: Mapping[str, str]  # language → text, as far as a form has sent it
    saved: Mapping[str, bytes] = field(default_factory=dict)  # language → what somebody else has saved meanwhile

    @cached_property
    def texts(self) -> dict[str, File]:
        return {
            language: make_file(language, file.path, as_written(self.typed[language].encode(), file.body))
            if language in self.typed
            else file
            for language, file in self.files.items()
        }

    @cached_property
    def all_files(self) -> dict[str, File]:
        return course_with(self.document.course, self.document, self.texts)

    @cached_property
    def course(self) -> CourseText:
        return read_course({path: file.body for path, file in self.all_files.items()})

    @cached_property
    def problems(self) -> list[Problem]:
        return check_course(self.course)

    @property
    def problems_elsewhere(self) -> list[Problem]:
        own = {file.path for file in self.files.values()}
        return [problem for problem in self.problems if problem.path not in own and problem.level == "error"]

    @cached_property
    def media(self) -> dict[str, Media]:
        bodies = {path: file.body for path, file in self.all_files.items()}
        digests = {path: file.digest for path, file in self.all_files.items()}
        return media_of(self.course.id or self.document.course.identifier, bodies, digests)

    @property
    def languages(self) -> list[str]:
        # The source language first.
        return sorted(self.files, key=lambda language: (language != self.document.course.source_language, language))

    def sheet(self, language: str) -> Sheet:
        file = self.files[language]
        text = self.typed.get(language, shown(file.body))
        problems = tuple(problem for problem in self.problems if problem.path == file.path)
        if language not in self.saved:
            return Sheet(language, file.path, text, problems)
        theirs = make_file(language, file.path, self.saved[language])
        return Sheet(
            language, file.path, text, problems, shown(theirs.body), tuple(changes(theirs, self.texts[language]))
        )

    def preview(self, language: str) -> dict[str, Any] | None:
        """The data of the page; questions have their keys, in `blocks` (those of a survey: in `survey`).

        None where the text cannot be read or its kind has no page.
        """
        if self.document.kind not in KINDS or self.document.identifier not in self.course.documents:
            return None
        page = compile_page(self.course, self.media, self.document.identifier, language)
        if self.document.kind == "survey":
            return page | {"survey": page["questions"]}
        asked = {
            identifier: key_of(load_question(question)) for identifier, question in page.get("questions", {}).items()
        }
        blocks = page.get("blocks", [{"type": "question", "id": identifier} for identifier in asked])
        return page | {
            "blocks": [
                block | {"asked": asked[block["id"]]} if block["type"] == "question" else block for block in blocks
            ]
        }

    def simulation(self, language: str) -> Simulation | None:
        """With HTML for its texts. None for another kind, and where errors could make a run endless."""
        own = {file.path for file in self.files.values()}
        is_faulty = any(problem.level == "error" and problem.path in own for problem in self.problems)
        page = self.preview(language) if self.document.kind == Document.Kind.SIMULATION and not is_faulty else None
        return load_simulation(page["simulation"]) if page else None

    @property
    def figures(self) -> list[tuple[str, Media]]:
        named = (link.target for file in self.texts.values() for link in find_links(file.body.decode(errors="replace")))
        return [(path, self.media[path]) for path in dict.fromkeys(named) if path in self.media]


def key_of(question: Question) -> dict[str, Any]:
    """`question`, and `choices`: (choice, its place in the key as `belonging` gives it)."""
    return {
        "question": question,
        "choices": [(choice, belonging(question, place)) for place, choice in enumerate(question.choices)],
    }


def belonging(question: Question, place: int) -> str:
    """The number of a step, the group of a member, "✓" for what is to be ticked, "" for what is not."""
    if question.kind == "order":
        return str(place + 1)
    if question.kind == "sort":
        return question.groups[question.key[place]]
    return "✓" if question.choices[place].ticked else ""


def desk_of(document: Document, base: Revision, typed: Mapping[str, str] | None = None) -> Desk:
    """Runs one query."""
    return Desk(document, base, files_of([base])[base.pk], typed or {})


def desk_after(desk: Desk, head: Revision) -> Desk:
    """The desk after somebody else has saved: what was typed stays, based on their revision, with their text beside it.

    Texts that were not changed here become theirs. Saving again is then a decision, and overwrites nothing unseen.
    """
    after = desk_of(desk.document, head)
    touched = {
        language: desk.typed[language]
        for language, file in desk.texts.items()
        if language in desk.typed and file.body != desk.files[language].body and language in after.files
    }
    saved = {
        language: after.files[language].body
        for language in touched
        if after.files[language].body not in (desk.files[language].body, desk.texts[language].body)
    }
    return Desk(desk.document, head, after.files, touched, saved)


def compared(old: Revision, new: Revision) -> list[tuple[str, list[Change]]]:
    """(path, changed lines) for each text in which two revisions differ. Runs one query."""
    files = files_of([old, new])
    before, after = files[old.pk], files[new.pk]
    found = []
    for language in sorted({*before, *after}):
        old_file, new_file = before.get(language), after.get(language)
        file = new_file or old_file
        if file and (rows := changes(old_file, new_file)):
            found.append((file.path, rows))
    return found


def title_of(body: bytes) -> str:
    try:
        return str(parse_front(decode(body)).values.get("title", ""))
    except Unreadable:
        return ""
