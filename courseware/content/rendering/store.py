"""Store of course outlines and pages of releases, read from the database and cached."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import Max, QuerySet

from courseware.content.models import Release, ReleaseEntry, RenderedPage
from courseware.content.rendering.compiler import COMPILER, compile_release
from courseware.content.rendering.paragraphs import as_searched, paragraphs_on
from courseware.content.rendering.phrases import Phrase, phrases_in
from courseware.course_format.questions.question_types import Question, by_family, is_for, load_question
from courseware.course_format.simulations.simulation import Simulation, load_simulation

MINUTES_AGAIN = 0.5  # to answer a question again, and to read its reason


@dataclass(frozen=True)
class CheckQuestion:
    """A question of a knowledge check. `tracks`: job roles, () for all. `wordings`: ids of variants, its own first."""

    id: str
    tracks: tuple[str, ...]
    wordings: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A step of the course outline. `number` counts from 1 in its module; a survey has no `minutes`.
    `kind`: of the document, or "pre-check". `waited`: it needs an expert review, so it is never required.
    """

    id: str
    kind: str
    title: str
    minutes: float | None
    number: int
    module_id: str
    is_required: bool
    is_after_exam: bool
    check: tuple[CheckQuestion, ...]
    objectives: tuple[str, ...]
    waited: bool = False

    @property
    def is_optional(self) -> bool:
        """Whether it may be skipped. A lesson after the exam is not required, but comes next there."""
        if self.kind == "lesson":
            return not self.is_required and not self.is_after_exam
        return self.kind == "pre-check" or (self.kind == "simulation" and not self.is_required)

    @property
    def repeat_minutes(self) -> float:
        """Minutes to repeat a check (0.5 per question), else all minutes."""
        return MINUTES_AGAIN * len(self.check) if self.check else self.minutes or 0

    def check_for(self, job_role: str) -> tuple[CheckQuestion, ...]:
        """Return the check questions for a job role (id); for "" only those without job roles."""
        return tuple(question for question in self.check if is_for(question.tracks, job_role))


@dataclass(frozen=True, eq=False)
class OutlineModule:
    """`number` counts from 1; `objectives`: id → HTML."""

    id: str
    number: int
    title: str
    steps: tuple[Step, ...]
    objectives: Mapping[str, str]


@dataclass(frozen=True)
class FollowUpSurvey:
    """A survey for managers, `after_days` days after a completion. It is not a step."""

    id: str
    title: str
    after_days: int


@dataclass(frozen=True)
class AwaitingReview:
    """A document that needs an expert review, or whose `sections` (titles) do."""

    id: str
    title: str
    sections: tuple[str, ...]


@dataclass(frozen=True)
class TermNames:
    """A glossary term. `elsewhere`: its names in other languages."""

    name: str
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Paragraph:
    """A paragraph for the search, see `paragraphs_on`. `at`: its id on the page `document` (id); `under`: heading."""

    document: str
    title: str
    at: str
    kind: str
    under: str
    text: str

    @cached_property
    def searched(self) -> tuple[str, str]:
        return as_searched(self.text), as_searched(f"{self.title}\n{self.under}")


@dataclass(frozen=True, eq=False)
class Outline:
    """The outline of a course in one language. `required`: step ids, the denominator of all percentages.

    `again_after`: id of the exam after which the post-test is asked. Compared by identity, like its parts and
    `PageData`, so that it can be a cache key.
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
    follow_up_surveys: tuple[FollowUpSurvey, ...] = ()
    terms: tuple[TermNames, ...] = ()
    awaiting_review: tuple[AwaitingReview, ...] = ()
    is_short: bool = False  # see `learning.status.progress.own_outline`
    release: int = 0  # primary key

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for module in self.modules for step in module.steps)

    @cached_property
    def required_once(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.required))

    @cached_property
    def optional_count(self) -> int:
        return sum(not step.is_required for step in self.steps)

    @cached_property
    def required_lessons(self) -> frozenset[str]:
        return frozenset(step.id for step in self.steps if step.kind == "lesson").intersection(self.required)

    def minutes_left(self, done: Collection[str] = ()) -> float:
        """Return the minutes of required steps whose ids are not in `done`."""
        return sum(step.minutes or 0 for step in self.steps if step.is_required and step.id not in done)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {step.id: position for position, step in enumerate(self.steps)}

    def step(self, step_id: str) -> Step:
        """Return a step. Raise `KeyError` for an unknown id."""
        return self.steps[self._places[step_id]]

    def find_follow_up_survey(self, survey_id: str) -> FollowUpSurvey | None:
        return next((survey for survey in self.follow_up_surveys if survey.id == survey_id), None)

    def find(self, step_id: str) -> Step | None:
        """Return a step, or None for an unknown id."""
        return self.step(step_id) if step_id in self._places else None

    @property
    def first_lesson(self) -> Step | None:
        return next((step for step in self.steps if step.kind == "lesson"), None)

    def before(self, step_id: str) -> Step | None:
        """Return the step before `step_id`, or None. Raise `KeyError` for an unknown id."""
        position = self._places[step_id]
        return self.steps[position - 1] if position else None

    def after(self, step_id: str) -> Step | None:
        """Return the step after `step_id`, or None. Raise `KeyError` for an unknown id."""
        following = self.steps[self._places[step_id] + 1 :]
        return following[0] if following else None

    def module(self, module_id: str) -> OutlineModule:
        """Return a module. Raise `KeyError` for an unknown id."""
        for module in self.modules:
            if module.id == module_id:
                return module
        raise KeyError(module_id)

    def objective(self, objective_id: str) -> str:
        """Return the text of an objective (id) as HTML; for an unknown id, the id."""
        texts = (module.objectives[objective_id] for module in self.modules if objective_id in module.objectives)
        return next(texts, objective_id)


@dataclass(frozen=True, eq=False)
class PageData:
    """A compiled document in one language, with primary keys. `compiler` lists the form of `data`."""

    document_id: int
    revision_id: int
    identifier: str
    kind: str
    title: str
    data: Mapping[str, Any]

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        return {identifier: load_question(stored) for identifier, stored in self.data["questions"].items()}

    @cached_property
    def phrases(self) -> Mapping[str, Phrase]:
        return phrases_in(self.data.get("blocks", ()))

    @cached_property
    def wordings(self) -> Mapping[str, tuple[str, ...]]:
        """Of a lesson: id of each question → ids of its variants, its own first."""
        return by_family(self.questions.values())

    @cached_property
    def first_variants(self) -> Mapping[str, str]:
        """Of a lesson: id of each variant → id of its question."""
        return {variant: first for first, variants in self.wordings.items() for variant in variants}

    @cached_property
    def simulation(self) -> Simulation:
        return load_simulation(self.data["simulation"])


# Entries of each cache. Checksum and compiler are in the keys because releases are compiled again.
IN_MEMORY = 256


def outline(release: Release, language: str) -> Outline:
    """Return the outline in `language` or else the source language. Cached; runs at most 3 queries."""
    return _outline(release.pk, release.digest, release.compiler, language)


@lru_cache(IN_MEMORY)
def _outline(release: int, digest: str, compiler: int, language: str) -> Outline:
    outlines, own = Release.objects.values_list("outlines", "course__source_language").get(pk=release)
    if compiler != COMPILER:
        outlines = _compiled_again(release, digest)[0]
    return replace(read_outline(outlines.get(language) or outlines[own]), release=release)


def page(release: Release, identifier: str, language: str) -> PageData:
    """Return the page of a document (id) in the language of `outline(release, language)`. Cached, so do not change it.
    Raise `RenderedPage.DoesNotExist`, also for a simulation that awaits its expert review.
    """
    return _page(release.pk, release.digest, release.compiler, identifier, outline(release, language).language)


@lru_cache(IN_MEMORY)
def _page(release: int, digest: str, compiler: int, identifier: str, language: str) -> PageData:
    if compiler != COMPILER:
        return _page_compiled_again(release, digest, identifier, language)
    pages = RenderedPage.objects.filter(entries__release=release, document__identifier=identifier, language=language)
    rows = pages.values_list("document_id", "entries__revision_id", "document__kind", "data")[:1]
    for document_id, revision_id, kind, data in rows:
        return PageData(document_id, revision_id, identifier, kind, data["title"], in_order(data))
    raise RenderedPage.DoesNotExist(f"release {release} has no page {identifier}")


def paragraphs(release: Release, language: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs (`paragraphs_on`) of all pages, in the language of `outline(release, language)`. Cached."""
    return _paragraphs(release.pk, release.digest, release.compiler, outline(release, language).language)


@lru_cache(IN_MEMORY)
def _paragraphs(release: int, digest: str, compiler: int, language: str) -> tuple[Paragraph, ...]:
    if compiler == COMPILER:
        stored = RenderedPage.objects.filter(entries__release=release, language=language).exclude(paragraphs=[])
        rows = list(stored.order_by("document").values_list("document__identifier", "data__title", "paragraphs"))
    else:
        kinds = dict(ReleaseEntry.objects.filter(release=release).values_list("document__identifier", "document__kind"))
        pages = {key: page[language] for key, page in _compiled_again(release, digest)[1].items() if language in page}
        rows = [(key, data["title"], paragraphs_on(kinds[key], data)) for key, data in pages.items()]
    return tuple(Paragraph(identifier, str(title), *found) for identifier, title, each in rows for found in each)


def _page_compiled_again(release: int, digest: str, identifier: str, language: str) -> PageData:
    pages = _compiled_again(release, digest)[1]
    entry = ReleaseEntry.objects.select_related("document").filter(release=release, document__identifier=identifier)
    for found in entry if language in pages.get(identifier, {}) else ():
        data = pages[identifier][language]
        return PageData(found.document_id, found.revision_id, identifier, found.document.kind, data["title"], data)
    raise RenderedPage.DoesNotExist(f"release {release} has no page {identifier}")


@lru_cache(4)
def _compiled_again(release: int, _digest: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Compile a release of another compiler version: (language → outline, document id → language → page) as stored."""
    compiled = compile_release(release)
    pages: dict[str, dict[str, Any]] = {}
    for (identifier, language), data in compiled.pages.items():
        pages.setdefault(identifier, {})[language] = data
    return json.loads(json.dumps([compiled.outlines, pages]))


def clear_caches() -> None:
    # For tests: after a rollback, primary keys are used again.
    for cached in (_outline, _page, _paragraphs, _compiled_again):
        cached.cache_clear()


def questions_in(document_id: int, revision_id: int, question_id: str) -> dict[str, Question]:
    """Return language → question `question_id` as last released with this revision (primary key); {} if it has none."""
    pages = stored_questions(document_id, revision_id)
    return {language: load_question(stored[question_id]) for language, stored in pages.items() if question_id in stored}


def stored_questions(document_id: int, revision_id: int) -> dict[str, dict[str, Any]]:
    """Return language → question id → stored question, as last released with this revision (key); {} if never."""
    return stored_questions_at(document_id, [revision_id]).get(revision_id, {})


def stored_questions_at(document_id: int, revisions: Collection[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """Return key of a revision → `stored_questions`. `revisions`: keys; those never released are missing. One query."""
    return pages_at(ReleaseEntry.objects.filter(document=document_id, revision__in=revisions), "questions", {})


def phrases_at(revisions: Collection[int]) -> dict[int, dict[str, Mapping[str, Phrase]]]:
    """Return primary key of a revision → language → phrase key → phrase, as last released. `revisions`: primary keys;
    the result lacks those that were never released. Runs one query.
    """
    stored = pages_at(ReleaseEntry.objects.filter(revision__in=revisions), "blocks", [])
    return {
        revision: {language: phrases_in(blocks) for language, blocks in languages.items()}
        for revision, languages in stored.items()
    }


def pages_at(released: QuerySet[Any, Any], name: str, default: Any) -> dict[int, dict[str, Any]]:
    """Return primary key of a revision → language → value of the key `name` in its page data, as last released;
    `default` if missing or empty. `released`: queryset of `ReleaseEntry`; only its revisions and releases count. Runs
    one query.
    """
    last = released.order_by().values("revision").annotate(last=Max("pk")).values("last")
    rows = ReleaseEntry.objects.filter(pk__in=last).values_list(
        "revision_id",
        "release_id",
        "release__digest",
        "release__compiler",
        "document__identifier",
        "pages__language",
        f"pages__data__{name}",
    )
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for revision, release, digest, compiler, identifier, language, stored in rows:
        if compiler != COMPILER:
            pages = _compiled_again(release, digest)[1].get(identifier, {})
            found[revision] = {tag: data.get(name, default) for tag, data in pages.items()}
        elif language is not None:
            found[revision][language] = stored or default
    return dict(found)


def in_order(data: dict[str, Any]) -> dict[str, Any]:
    """Sort `data["questions"]` in place by `data["order"]`, as PostgreSQL reorders keys of objects; return `data`."""
    if "order" in data:
        data["questions"] = {identifier: data["questions"][identifier] for identifier in data["order"]}
    return data


def read_outline(stored: Mapping[str, Any]) -> Outline:
    return Outline(
        **{key: stored[key] for key in ("course_id", "title", "language", "valid_months")},
        **{key: stored[key] for key in ("exam_id", "survey_id", "card_id", "pre_check_id", "again_after")},
        tracks=dict(stored["tracks"]),
        required=tuple(stored["required"]),
        modules=tuple(map(read_module, stored["modules"])),
        objective_lessons=dict(stored["objective_lessons"]),
        follow_up_surveys=tuple(FollowUpSurvey(**survey) for survey in stored["follow_up_surveys"]),
        awaiting_review=tuple(
            AwaitingReview(name, title, tuple(sections)) for name, title, sections in stored["awaiting_review"]
        ),
        terms=tuple(TermNames(name, tuple(elsewhere)) for name, elsewhere in stored["terms"]),
    )


def read_module(stored: Mapping[str, Any]) -> OutlineModule:
    steps = tuple(read_step(step) for step in stored["steps"])
    return OutlineModule(stored["id"], stored["number"], stored["title"], steps, dict(stored["objectives"]))


def read_step(stored: Mapping[str, Any]) -> Step:
    check = tuple(
        CheckQuestion(question["id"], tuple(question["tracks"]), tuple(question["wordings"]))
        for question in stored["check"]
    )
    return Step(**{**stored, "check": check, "objectives": tuple(stored["objectives"])})
