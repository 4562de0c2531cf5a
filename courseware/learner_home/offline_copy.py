"""Offline copy of the current module: lessons, card and phrases, without any personal data.

Lesson pages are not copied: they have names, answers and forms, which would stay on shared computers. The browser drops
the copy on sign-out, when another person signs in, and after 7 days (`static/js/service_worker.js`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.rendering.paragraphs import without_ids, without_sources
from courseware.content.rendering.store import OutlineModule, PageData, Step
from courseware.learner_home.home import CoursePanel
from courseware.learning.learner_context import LearnerContext


@dataclass(frozen=True)
class CopiedLesson:
    """`posts`: names of all posts by key; blocks for other posts are included."""

    step: Step
    page: PageData
    posts: Mapping[str, str]

    @property
    def blocks(self) -> Iterator[Mapping[str, Any]]:
        """html, callout (`posts`), question (`title`), without ids and source numbers, which would clash."""
        for block in self.page.data["blocks"]:
            if block["type"] == "question":
                if block["id"] not in self.page.wordings:
                    continue
                yield block | {"title": self.page.questions[block["id"]].title}
            elif "html" in block:
                posts = [self.posts[track] for track in block.get("tracks", ()) if track in self.posts]
                yield block | {"html": without_ids(without_sources(block["html"])), "posts": posts}


@dataclass(frozen=True)
class OfflineCopy:
    module: OutlineModule | None
    lessons: tuple[CopiedLesson, ...]


def offline_copy_of(card: CoursePanel) -> OfflineCopy:
    module = card.module
    if module is None:
        return OfflineCopy(None, ())
    reading = LearnerContext(card.enrollment)
    steps = (step for step in module.steps if step.kind == "lesson")
    return OfflineCopy(
        module, tuple(CopiedLesson(step, reading.page(step.id), reading.outline.tracks) for step in steps)
    )
