"""The route of a course as one run has to go it: whole, or short where the run is a renewal with a list of its own."""

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline, Step
from courseware.learning.models import Enrollment


def own_outline(enrollment: Enrollment, language: str) -> Outline:
    return narrowed(serving.outline(enrollment.release, language), enrollment)


def narrowed(outline: Outline, enrollment: Enrollment) -> Outline:
    """`outline`, in which only what a short renewal asks for is required. Kept in memory, as what is made of it is."""
    return outline if enrollment.required is None else _narrowed(outline, frozenset(enrollment.required))


@lru_cache(1024)
def _narrowed(outline: Outline, wanted: Collection[str]) -> Outline:
    required = tuple(step.id for step in outline.steps if step.id in wanted)
    if not required:
        return outline  # all of it has left the course, so nothing would ever be done
    modules = tuple(
        replace(module, steps=tuple(asked(step, step.id in wanted) for step in module.steps))
        for module in outline.modules
    )
    return replace(outline, required=required, modules=modules, pre_check_id=None, again_after=None, is_short=True)


def asked(step: Step, is_required: bool) -> Step:
    return step if step.is_required is is_required else replace(step, is_required=is_required)
