"""Offline copy of the current module: lessons, emergency card and phrases, without personal data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.rendering.paragraphs import without_ids, without_sources
from courseware.content.rendering.store import OutlineModule, PageData, Step
from courseware.learner_home.home import CoursePanel
from courseware.learning.learner_context import LearnerContext


@dataclass(frozen=True)
class CopiedLesson:
    """`job_roles`: id → name. Blocks for other job roles are included."""

    step: Step
    page: PageData
    job_roles: Mapping[str, str]

    @property
    def blocks(self) -> Iterator[Mapping[str, Any]]:
        """Yield blocks without ids and source numbers, with `job_roles` (names) for HTML and `title` for questions."""
        for block in self.page.data["blocks"]:
            if block["type"] == "question":
                if block["id"] not in self.page.wordings:
                    continue
                yield block | {"title": self.page.questions[block["id"]].title}
            elif "html" in block:
                job_roles = [self.job_roles[each] for each in block.get("tracks", ()) if each in self.job_roles]
                yield block | {"html": without_ids(without_sources(block["html"])), "job_roles": job_roles}


@dataclass(frozen=True)
class OfflineCopy:
    module: OutlineModule | None
    lessons: tuple[CopiedLesson, ...]


def offline_copy_of(panel: CoursePanel) -> OfflineCopy:
    """Return the copy of the module of the panel's next step; empty without a module."""
    module = panel.module
    if module is None:
        return OfflineCopy(None, ())
    learner_context = LearnerContext(panel.enrollment)
    steps = (step for step in module.steps if step.kind == "lesson")
    return OfflineCopy(
        module,
        tuple(CopiedLesson(step, learner_context.page(step.id), learner_context.outline.tracks) for step in steps),
    )
