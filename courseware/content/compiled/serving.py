"""Reading what was compiled: the outline of a release, and its pages. Nothing is rendered here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from courseware.content.models import Page, Release, ReleaseEntry
from courseware.language.questions import Question, load_question
from courseware.language.simulations import Simulation, load_simulation
from courseware.language.tracks import is_for


@dataclass(frozen=True)
class CheckQuestion:
    """A question of a lesson's check; `tracks` empty means all."""

    id: str
    tracks: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A stop of the route. `number` counts from 1 in its module; `minutes` is None where none are given (a survey).

    `kind` is that of the document, but "pre-check" for an exam without marks.
    """

    id: str
    kind: str
    title: str
    minutes: int | None
    number: int
    module_id: str
    is_required: bool
    is_after_exam: bool
    check: tuple[CheckQuestion, ...]
    objectives: tuple[str, ...]

    @property
    def is_optional(self) -> bool:
        """Whether it is offered on the way and may be left out: the pre-check, and a simulation that does not count."""
        return self.kind == "pre-check" or (self.kind == "simulation" and not self.is_required)

    def check_for(self, track: str) -> tuple[str, ...]:
        """Ids of the check's questions that are shown to this track."""
        return tuple(question.id for question in self.check if is_for(question.tracks, track))


@dataclass(frozen=True, eq=False)
class OutlineModule:
    """`number` counts from 1; `objectives` maps ids to HTML, in the order of the file. Equal to itself only."""

    id: str
    number: int
    title: str
    steps: tuple[Step, ...]
    objectives: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Outline:
    """The route of a course in one language. `required` is the one denominator of every percentage.

    `again_after` is the id of the exam after which the parallel questions of the pre-check are asked.
    Equal to itself only, as its modules and `PageData` are.
    """

    course_id: str
    title: str
    language: str
    tracks: Mapping[str, str]
    required: tuple[str, ...]
    valid_months: int | None
    exam_id: str | None
    survey_id: str | None
    card_id: str | None
    modules: tuple[OutlineModule, ...]
    objective_lessons: Mapping[str, str]
    pre_check_id: str | None = None
    again_after: str | None = None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for module in self.modules for step in module.steps)

    @cached_property
    def required_lessons(self) -> frozenset[str]:
        return frozenset(step.id for step in self.steps if step.kind == "lesson").intersection(self.required)

    def minutes_left(self, done: Collection[str] = ()) -> int:
        """About how long what counts will take: all of it, but for the steps with these ids."""
        return sum(step.minutes or 0 for step in self.steps if step.is_required and step.id not in done)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {step.id: place for place, step in enumerate(self.steps)}

    def step(self, step_id: str) -> Step:
        """Raises KeyError where the route has no such step."""
        return self.steps[self._places[step_id]]

    def before(self, step_id: str) -> Step | None:
        place = self._places[step_id]
        return self.steps[place - 1] if place else None

    def after(self, step_id: str) -> Step | None:
        following = self.steps[self._places[step_id] + 1 :]
        return following[0] if following else None

    def module(self, module_id: str) -> OutlineModule:
        """Raises KeyError where there is no such module."""
        for module in self.modules:
            if module.id == module_id:
                return module
        raise KeyError(module_id)

    def objective(self, objective_id: str) -> str:
        """What an objective says, as HTML; its id where the course has no such objective."""
        found = (module.objectives[objective_id] for module in self.modules if objective_id in module.objectives)
        return next(found, objective_id)


@dataclass(frozen=True, eq=False)
class PageData:
    """A compiled document in one language. `document_id` and `revision_id` are primary keys; `compiling` tells what
    `data` holds for each kind. Equal to itself only: what was made of it may be kept by it (see `lib.kept`).
    """

    document_id: int
    revision_id: int
    identifier: str
    kind: str
    title: str
    data: Mapping[str, Any]

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """The questions of a lesson or a bank by id, in reading order."""
        return {identifier: load_question(stored) for identifier, stored in self.data["questions"].items()}

    @cached_property
    def simulation(self) -> Simulation:
        """The simulation, its texts as HTML."""
        return load_simulation(self.data["simulation"])


# A release never changes, so what was read of one stays in memory: a site has few courses and reads the newest
# release. Digest and compiler tell a release that was compiled anew.
IN_MEMORY = 256


def outline(release: Release, language: str) -> Outline:
    """The outline in `language`, or in the course's own where the course is not written in it.

    Runs one query the first time, none later.
    """
    return _outline(release.pk, release.digest, release.compiler, language)


@lru_cache(IN_MEMORY)
def _outline(release: int, _digest: str, _compiler: int, language: str) -> Outline:
    outlines, own = Release.objects.values_list("outlines", "course__source_language").get(pk=release)
    return read_outline(outlines.get(language) or outlines[own])


def page(release: Release, identifier: str, language: str) -> PageData:
    """The page of a document in the language of `outline(release, language)`; it is shared, so do not change its data.

    Runs one query the first time, none later. Raises Page.DoesNotExist where the release has no such page.
    """
    return _page(release.pk, release.digest, release.compiler, identifier, outline(release, language).language)


@lru_cache(IN_MEMORY)
def _page(release: int, _digest: str, _compiler: int, identifier: str, language: str) -> PageData:
    found = Page.objects.filter(entries__release=release, document__identifier=identifier, language=language)
    row = found.values_list("document_id", "entries__revision_id", "document__kind", "data")[:1]
    for document_id, revision_id, kind, data in row:
        return PageData(document_id, revision_id, identifier, kind, data["title"], in_order(data))
    raise Page.DoesNotExist(f"release {release} has no page {identifier}")


def forget() -> None:
    """Let go of everything: for tests, whose rolled back transactions use primary keys again."""
    _outline.cache_clear()
    _page.cache_clear()


def questions_in(document_id: int, revision_id: int, question_id: str) -> dict[str, Question]:
    """Language → the question as a revision of the document was last released, in each language that asks it.

    Empty where there is no such. Runs up to two queries, and keeps nothing.
    """
    entry = ReleaseEntry.objects.filter(document=document_id, revision=revision_id).order_by("pk").last()
    pages = entry.pages.values_list("language", "data__questions") if entry else ()
    return {language: load_question(stored[question_id]) for language, stored in pages if question_id in (stored or ())}


def in_order(data: dict[str, Any]) -> dict[str, Any]:
    """`data` with its questions in reading order: PostgreSQL keeps the keys of an object in an order of its own."""
    if "order" in data:
        data["questions"] = {identifier: data["questions"][identifier] for identifier in data["order"]}
    return data


def read_outline(stored: Mapping[str, Any]) -> Outline:
    """The outline from its JSON; what has an order is a list there, as in `in_order`."""
    return Outline(
        **{key: stored[key] for key in ("course_id", "title", "language", "valid_months")},
        **{key: stored[key] for key in ("exam_id", "survey_id", "card_id", "pre_check_id", "again_after")},
        tracks=dict(stored["tracks"]),
        required=tuple(stored["required"]),
        modules=tuple(read_module(module) for module in stored["modules"]),
        objective_lessons=dict(stored["objective_lessons"]),
    )


def read_module(stored: Mapping[str, Any]) -> OutlineModule:
    steps = tuple(read_step(step) for step in stored["steps"])
    return OutlineModule(stored["id"], stored["number"], stored["title"], steps, dict(stored["objectives"]))


def read_step(stored: Mapping[str, Any]) -> Step:
    check = tuple(CheckQuestion(question["id"], tuple(question["tracks"])) for question in stored["check"])
    return Step(**{**stored, "check": check, "objectives": tuple(stored["objectives"])})
