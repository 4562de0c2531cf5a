"""Progress of an enrollment in its own outline: completed steps, required steps and the next step."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.utils.functional import cached_property

from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, Step
from courseware.learning.models import Answer, Completion, Enrollment, SurveyReceipt
from courseware.lib.db.compiled_query import CompiledQuery


@dataclass(frozen=True)
class Recorded:
    """`done`: ids of completed documents and answered surveys. `has_answered`: whether it has an answer in a lesson."""

    done: frozenset[str]
    has_answered: bool


@dataclass(frozen=True, eq=False)
class Progress:
    """Progress in one outline. Compared by identity, as it is a cache key. `done`: ids of completed documents and
    answered surveys. `required`: ids of steps. `is_exam_open`: an exam exists, and all required lessons are done.
    `is_pre_check_open`: a pre-test exists, and nothing is done.
    """

    done: frozenset[str]
    required: tuple[str, ...]
    next_step: Step | None
    is_exam_open: bool
    is_pre_check_open: bool

    @cached_property
    def done_count(self) -> int:
        return len(self.done.intersection(self.required))

    @property
    def total(self) -> int:
        return len(self.required)

    @property
    def percent(self) -> int:
        # Rounded down, so that 100 means all.
        return 100 * self.done_count // self.total if self.total else 0

    @property
    def is_all_done(self) -> bool:
        return self.total > 0 and self.done_count == self.total


def progress_of(enrollment: Enrollment, outline: Outline) -> Progress:
    """Return the progress of an enrollment in its own outline (see `own_outline`). Runs one query."""
    recorded = recorded_by_enrollment([enrollment])[enrollment.pk]
    return progress_with(recorded.done, outline, has_answered=recorded.has_answered)


def progress_with(done: Iterable[str], outline: Outline, *, has_answered: bool = False) -> Progress:
    """Return the progress for completed documents and answered surveys (ids). `has_answered`: a lesson question."""
    return _progress_with(frozenset(done), outline, has_answered)


@lru_cache(1024)  # many enrollments have equal progress
def _progress_with(done: frozenset[str], outline: Outline, has_answered: bool) -> Progress:
    is_pre_check_open = outline.pre_check_id is not None and not done
    # An answer to a lesson question skips the pre-test.
    skipped = outline.pre_check_id if has_answered or not is_pre_check_open else None
    passed = done | {skipped}
    return Progress(
        done=done,
        required=outline.required_once,
        next_step=next(
            (step for step in outline.steps if step.id not in passed and not is_beside(step, outline)), None
        ),
        is_exam_open=outline.exam_id is not None and outline.required_lessons <= done,
        is_pre_check_open=is_pre_check_open,
    )


def is_beside(step: Step, outline: Outline) -> bool:
    """Return whether the step can be skipped and therefore is never the next step."""
    # In a short renewal, all steps before the exam that are not required can be skipped.
    if outline.is_short:
        return not step.is_required and not step.is_after_exam
    return step.is_optional and step.kind != "pre-check"


def done_documents(enrollment: Enrollment) -> frozenset[str]:
    """Return ids of completed documents and answered surveys. Runs one query."""
    return recorded_by_enrollment([enrollment])[enrollment.pk].done


def recorded(enrollments: Any) -> QuerySet[Any, Any]:
    """Return rows (enrollment id, document identifier); an empty identifier: there are answers. `enrollments`: ids."""
    own = {"enrollment__pk__in": enrollments}
    completed = Completion.objects.filter(**own).values_list("enrollment", "document__identifier")
    surveyed = SurveyReceipt.objects.filter(**own).values_list("enrollment", "survey__identifier")
    answers = Exists(Answer.objects.filter(enrollment=OuterRef("pk")))
    answered = Enrollment.objects.filter(answers, pk__in=enrollments).values_list("pk", Value("", CharField()))
    return completed.union(surveyed, answered, all=True)  # `recorded_by_enrollment` removes duplicates


RECORDED = CompiledQuery(recorded)


def recorded_by_enrollment(enrollments: Collection[Enrollment]) -> dict[int, Recorded]:
    """Return enrollment id → recorded results. Runs one query."""
    keys = [enrollment.pk for enrollment in enrollments]
    identifiers: dict[int, set[str]] = {key: set() for key in keys}
    for enrollment, identifier in RECORDED(enrollments=keys):
        identifiers[enrollment].add(identifier)
    return {key: Recorded(frozenset(ids - {""} if "" in ids else ids), "" in ids) for key, ids in identifiers.items()}


def job_role_of(enrollment: Enrollment, outline: Outline) -> str:
    """Return the learner's job role in the course, or "": see `known_job_role`."""
    return known_job_role(enrollment.job_role, enrollment.known_job_role, outline)


def known_job_role(chosen: str, recorded_role: str, outline: Outline) -> str:
    """Return the chosen job role (id), else the recorded one, else "". Job roles unknown to the course are ignored."""
    return next((each for each in (chosen, recorded_role) if each in outline.tracks), "")


def own_outline(enrollment: Enrollment, language: str) -> Outline:
    """Return the current outline in `language`, else in the source language; see `narrowed`. Raise `NotPublished`."""
    return narrowed(store.outline(enrollment.release, language), enrollment)


def narrowed(outline: Outline, enrollment: Enrollment) -> Outline:
    """Return the outline, for a short renewal with only its own steps required. If none of its steps is left in the
    course, all required steps stay required.
    """
    return outline if enrollment.required is None else _narrowed(outline, frozenset(enrollment.required))


@lru_cache(1024)
def _narrowed(outline: Outline, wanted: Collection[str]) -> Outline:
    required = tuple(step.id for step in outline.steps if step.id in wanted)
    if not required:
        return outline  # the required steps have left the course, so the renewal could never be completed
    modules = tuple(
        replace(module, steps=tuple(asked(step, step.id in wanted) for step in module.steps))
        for module in outline.modules
    )
    return replace(outline, required=required, modules=modules, pre_check_id=None, again_after=None, is_short=True)


def asked(step: Step, is_required: bool) -> Step:
    return step if step.is_required is is_required else replace(step, is_required=is_required)
