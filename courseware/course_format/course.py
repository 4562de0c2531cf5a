"""A parsed course: documents in all languages, modules with their steps, objectives, syllabus, sources and glossary."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from courseware.course_format.diagnostic_messages import Field
from courseware.course_format.diagnostics import Diagnostic, Finding
from courseware.course_format.parsing.documents import JURISDICTION, STEP_KINDS, BadName, Name, display_tag, parse_name
from courseware.course_format.parsing.frontmatter import Unreadable, decode, parse_front
from courseware.course_format.parsing.metadata import CourseMeta, LessonMeta, Meta
from courseware.course_format.parsing.parser import ParsedDocument, Section, read
from courseware.course_format.questions.question_types import (
    Question,
    SurveyQuestion,
    make_question,
    make_survey_question,
)

# Marks of sources shown to learners: parts are contested; common practice that no text demands.
SOURCE_MARKS = ("disputed", "customary")
# Marks for editors: the original wording was read; two publications say it; one does; the link is unopened.
EDITOR_MARKS = ("original", "twice", "once", "unopened")

SomeMeta = TypeVar("SomeMeta", bound=Meta)


@dataclass(frozen=True)
class RouteStep:
    """A step of the course. `id`: of its document."""

    id: str
    kind: str  # one of STEP_KINDS


@dataclass(frozen=True)
class Module:
    """`id`: of the module's document; `steps`: in the order of the file names; `banks`: document ids."""

    id: str
    steps: tuple[RouteStep, ...]
    banks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListEntry:
    """An objective, syllabus point, source or glossary term, listed in the document with the id `document`.

    `texts`: language → Markdown; `attrs`: keys in braces; `path` and `line`: in the source language.
    """

    id: str
    document: str
    texts: Mapping[str, str]
    attrs: Mapping[str, str]
    path: str
    line: int

    def problem(self, finding: str, /, **fields: Field | None) -> Diagnostic:
        """Return a diagnostic at the line of this entry. Raise `KeyError` for an unknown `finding` (message id)."""
        return Diagnostic(self.path, self.line, Finding(finding, **fields))


@dataclass(frozen=True)
class CourseText:
    """A parsed course. `languages` are lower case ("zh-hans"), the source language first. `documents`: id → language →
    document, for ids of the source language; `unread`: paths of documents left out because of an error, without
    documents in a language that is not in `languages`; `media`: paths of files that are not named like documents.
    """

    id: str
    languages: tuple[str, ...]
    documents: Mapping[str, Mapping[str, ParsedDocument]]
    modules: tuple[Module, ...]
    objectives: Mapping[str, ListEntry]
    outline: Mapping[str, ListEntry]
    sources: Mapping[str, ListEntry]
    terms: Mapping[str, ListEntry]
    media: frozenset[str]
    problems: tuple[Diagnostic, ...]
    unread: frozenset[str] = field(default=frozenset())

    @cached_property
    def meta(self) -> CourseMeta | None:
        """Front matter of the course document; None if the document is missing or its front matter is invalid."""
        meta = next((document.meta for document in self.of_kind("course")), None)
        return meta if isinstance(meta, CourseMeta) else None

    def source(self, document_id: str) -> ParsedDocument:
        """Return the document in the source language. Raise `KeyError` for an unknown id."""
        return self.documents[document_id][self.languages[0]]

    def text(self, document_id: str, language: str) -> ParsedDocument:
        """Return the document in `language`, else in the source language. Raise `KeyError` for an unknown id."""
        return self.documents[document_id].get(language) or self.source(document_id)

    def of_kind(self, *kinds: str) -> Iterator[ParsedDocument]:
        """Return the documents of these kinds in the source language, by path (the jurisdiction file first)."""
        return (document for document in map(self.source, self.documents) if document.kind in kinds)

    def texts(self, *kinds: str) -> Iterator[tuple[ParsedDocument, ParsedDocument]]:
        """Yield (source document, text) for each language of each document, its own included. No `kinds`: all kinds."""
        for source in map(self.source, self.documents):
            if not kinds or source.kind in kinds:
                yield from ((source, text) for text in self.documents[source.id].values())

    def with_meta(self, model: type[SomeMeta]) -> Iterator[tuple[ParsedDocument, SomeMeta]]:
        """Yield (source document, front matter) if that is a `model`, by path. LessonMeta includes simulations."""
        for document in map(self.source, self.documents):
            if isinstance(document.meta, model):
                yield document, document.meta

    @property
    def route(self) -> Iterator[RouteStep]:
        return (step for module in self.modules for step in module.steps)

    def module_of(self, document_id: str) -> Module | None:
        """Return the module that contains this step or bank (id), or None."""
        for module in self.modules:
            if document_id in module.banks or any(step.id == document_id for step in module.steps):
                return module
        return None

    def questions(self, document_id: str, language: str) -> tuple[Question, ...]:
        """Return questions of a lesson or bank in order, () for other kinds. `KeyError`: unknown id or language."""
        document = self.documents[document_id][language]
        if document.kind not in ("lesson", "bank"):
            return ()
        return tuple(self._make(document, section) for section in document.questions)

    def question(self, question_id: str, language: str) -> Question:
        """Return a question (id) of a lesson or bank. Raise `KeyError` for an unknown id or language."""
        document = self.documents[self._homes[question_id]][language]
        section = document.section(question_id)
        if section is None:
            raise KeyError(question_id)
        return self._make(document, section)

    def check_questions(self, document_id: str, language: str) -> tuple[Question, ...]:
        """Return the questions of a lesson's knowledge check, () without any. `KeyError`: unknown id or language."""
        document = self.documents[document_id][language]
        ids = {section.id for section in check_sections(self.source(document_id))}
        return tuple(self._make(document, section) for section in document.questions if section.id in ids)

    def survey_questions(self, document_id: str, language: str) -> tuple[SurveyQuestion, ...]:
        sections = self.documents[document_id][language].sections
        return tuple(make_survey_question(section) for section in sections if section.kind)

    def _make(self, document: ParsedDocument, section: Section) -> Question:
        original = self.source(document.id)
        is_translation = document is not original
        question = make_question(section, original.section(section.id) if is_translation else None)
        lesson = document.id if document.kind == "lesson" else self.first_lessons.get(question.objective, "")
        return question if question.lesson else replace(question, lesson=lesson)

    @cached_property
    def _homes(self) -> Mapping[str, str]:
        return {
            section.id: document.id for document in self.of_kind("lesson", "bank") for section in document.questions
        }

    @cached_property
    def optional_lessons(self) -> frozenset[str]:
        return frozenset(lesson.id for lesson, meta in self.with_meta(LessonMeta) if meta.optional)

    @cached_property
    def first_lessons(self) -> Mapping[str, str]:
        """Objective id → id of the first lesson that teaches it; an optional one only if no other does."""
        lessons: dict[str, str] = {}
        for step in sorted(self.route, key=lambda step: step.id in self.optional_lessons):
            meta = self.source(step.id).meta
            for objective in meta.objectives if step.kind == "lesson" and isinstance(meta, LessonMeta) else ():
                lessons.setdefault(objective, step.id)
        return lessons


def job_role_choices(lesson: ParsedDocument) -> list[Section]:
    """Return the sections of a lesson in which learners choose their job role."""
    return [section for section in lesson.sections if section.kind == "tracks"]


def other_variants(document: ParsedDocument) -> dict[str, Section]:
    """Return id of each question that is not the first of its variant group → first question of that group."""
    firsts: dict[str, Section] = {}
    for section in document.questions:
        firsts.setdefault(family_of(section), section)
    return {each.id: first for each in document.questions if (first := firsts[family_of(each)]) is not each}


def family_of(section: Section) -> str:
    """Return the variant group of a question: `family=`, else its id."""
    return section.attrs.get("family") or section.id


def check_sections(document: ParsedDocument) -> tuple[Section, ...]:
    """Return the questions below a lesson's `.check` heading, up to the next of its level or above; () without one."""
    questions, level = [], None
    for section in document.sections:
        if section.kind == "check":
            level = section.level
        elif level is not None and section.level <= level:
            level = None
        elif level is not None and section in document.questions:
            questions.append(section)
    return tuple(questions)


def read_course(files: Mapping[str, bytes]) -> CourseText:
    """Parse a course. `files`: path in the course folder, with "/" → bytes. `problems` has only issues of form;
    `checks.check_course` finds the others.
    """
    return _Gatherer(files).gather()


class _Gatherer:
    """Parses file names, languages, documents of the source language, then translations."""

    def __init__(self, files: Mapping[str, bytes]):
        self.files = files
        self.problems: list[Diagnostic] = []
        self.names: dict[str, Name] = {}
        self.documents: dict[str, dict[str, ParsedDocument]] = {}  # id → language → document
        self.unread: set[str] = set()

    def gather(self) -> CourseText:
        self._read_names()
        languages = self._find_languages()
        for language in languages:
            self._read_language(language, languages)
        source = languages[0] if languages else ""
        course = next(iter(self._sources(source, "course")), None)
        return CourseText(
            id=course.id if course else "",
            languages=languages,
            documents=self.documents,
            modules=self._modules(source),
            objectives=self._listed(source, "module"),
            outline=self._listed(source, "outline"),
            sources=self._listed(source, "sources"),
            terms=self._listed(source, "terms"),
            media=frozenset(path for path, name in self.names.items() if name.kind == "media"),
            problems=tuple(self.problems),
            unread=frozenset(self.unread),
        )

    def _say(self, path: str, finding: str, /, line: int = 1, **fields: Field | None) -> None:
        self.problems.append(Diagnostic(path, line, Finding(finding, **fields)))

    def _read_names(self) -> None:
        for path in sorted(self.files):
            try:
                self.names[path] = parse_name(path)
            except BadName as error:
                self.problems.append(Diagnostic(path, 1, error.finding))
                self.unread.add(path)

    def _find_languages(self) -> tuple[str, ...]:
        courses = [path for path, name in self.names.items() if name.kind == "course"]
        by_path = {path: tags for path in courses if (tags := _languages_listed(self.files[path]))}
        if not by_path:
            self._say_no_languages(courses)
            return ()
        # A translation may list languages by mistake.
        return next(
            (tags for path, tags in by_path.items() if tags[0] == self.names[path].language), min(by_path.values())
        )

    def _say_no_languages(self, courses: list[str]) -> None:
        expected = CourseMeta.model_fields["languages"].description
        reported = len(self.problems)
        for path in courses:
            try:
                front = parse_front(decode(self.files[path]))
            except Unreadable as error:
                self.problems.append(Diagnostic(path, error.line, error.finding))
            else:
                if "languages" in front.values:
                    self._say(path, "wrong-languages", front.line("languages"), expected=expected)
        if len(self.problems) == reported:
            self._say(min(courses, default="course.en.md"), "no-languages", expected=expected)

    def _read_language(self, language: str, languages: tuple[str, ...]) -> None:
        inserts: dict[str, str] | None = {}
        # The jurisdiction first, as others insert its entries. If it is unreadable, inserts are not reported.
        for path, name in sorted(self.names.items(), key=lambda item: item[1].kind != JURISDICTION):
            if name.language == language:
                is_source = language == languages[0]
                document = self._read_document(path, name, inserts, is_source=is_source, source=languages[0])
                if name.kind == JURISDICTION:
                    inserts = {each.id: each.text.replace("\n", " ") for each in document.entries} if document else None
            elif name.language and name.language not in languages and language == languages[0]:
                known = tuple(map(display_tag, languages))
                self._say(path, "not-a-course-language", language=display_tag(name.language), known=known)

    def _read_document(
        self, path: str, name: Name, inserts: Mapping[str, str] | None, *, is_source: bool, source: str
    ) -> ParsedDocument | None:
        original = None
        if not is_source and (values := _front_values(self.files[path])):
            identifier = values.get("id")
            original = self.documents.get(str(identifier), {}).get(source)
            if original is None or original.kind != name.kind:
                self._say_unpaired(path, name, identifier, source)
                self.unread.add(path)
                return None
        document, problems = read(path, self.files[path], original, inserts)
        self.problems += problems
        if document is None:
            self.unread.add(path)
            return None
        languages = self.documents.setdefault(document.id, {})
        if name.language in languages:
            self._say(path, "id-of-document", id=document.id, other=languages[name.language].path)
            self.unread.add(path)
        else:
            languages[name.language] = document
        return document

    def _say_unpaired(self, path: str, name: Name, identifier: object, source: str) -> None:
        partner = path.removesuffix(f".{name.language}.md") + f".{source}.md"
        if identifier is None:
            self._say(path, "key-missing", key="id")
        elif partner not in self.unread:  # else the partner's own issue is the cause
            line = parse_front(decode(self.files[path])).line("id")
            self._say(path, "no-original", line, language=display_tag(source), id=str(identifier))

    def _sources(self, source: str, *kinds: str) -> list[ParsedDocument]:
        documents = (languages[source] for languages in self.documents.values() if source in languages)
        return [document for document in documents if document.kind in kinds]

    def _modules(self, source: str) -> tuple[Module, ...]:
        by_folder = {self.names[module.path].folder: module for module in reversed(self._sources(source, "module"))}
        steps, banks = self._sources(source, *STEP_KINDS), self._sources(source, "bank")
        for document in steps + banks:
            if self.names[document.path].folder not in by_folder:
                self._say_without_module(document, source)
        self._say_same_order(list(by_folder.values()))
        modules = []
        for folder, module in sorted(by_folder.items()):
            own = [step for step in steps if self.names[step.path].folder == folder]
            self._say_same_order(own)
            own.sort(key=lambda step: (self.names[step.path].order, step.path))
            in_folder = tuple(bank.id for bank in banks if self.names[bank.path].folder == folder)
            modules.append(Module(module.id, tuple(RouteStep(step.id, step.kind) for step in own), in_folder))
        return tuple(modules)

    def _say_without_module(self, document: ParsedDocument, source: str) -> None:
        expected = f"{self.names[document.path].folder}/module.{source}.md"
        if expected not in self.unread:
            self._say(document.path, "folder-without-module", expected=expected)

    def _say_same_order(self, documents: list[ParsedDocument]) -> None:
        first: dict[int, str] = {}
        for document in documents:
            order = self.names[document.path].order
            if order in first:
                self._say(document.path, "number-taken", number=order, other=first[order])
            first.setdefault(order, document.path)

    def _listed(self, source: str, kind: str) -> dict[str, ListEntry]:
        listed: dict[str, ListEntry] = {}
        for document in self._sources(source, kind):
            for entry in document.entries:
                texts = {
                    language: other.text
                    for language, translation in self.documents[document.id].items()
                    for other in translation.entries
                    if other.id == entry.id
                }
                listed.setdefault(
                    entry.id, ListEntry(entry.id, document.id, texts, entry.attrs, document.path, entry.line)
                )
        return listed


def _front_values(data: bytes) -> Mapping[str, object]:
    try:
        return parse_front(decode(data)).values
    except Unreadable:
        return {}  # `read` reports the problem


def _languages_listed(file: bytes) -> tuple[str, ...]:
    tags = _front_values(file).get("languages")
    if not isinstance(tags, tuple) or not all(isinstance(tag, str) for tag in tags):
        return ()
    return tuple(tag.lower() for tag in tags)
