"""Print view of a course: modules and lessons with their questions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from courseware.content.rendering.store import OutlineModule, PageData, Step
from courseware.course_format.questions.question_types import Question, ResponseValue
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.lesson_page import untried_lesson
from courseware.learning.lessons.question_rendering import ShownQuestion, ask, show

DEEPER = 2  # levels: titles of modules and lessons have the first two

_TAG = re.compile(r"<[^>]+>")
_PLACES = re.compile(r' id="[^"]*"| href="#[^"]*"| role="doc-noteref"')
_HEADING = re.compile(r"^<(/?)h([2-6])\b")


@dataclass
class CorrectAnswer:
    response: ResponseValue
    is_right: bool | None = True


@dataclass(frozen=True)
class PrintedLesson:
    """`blocks`: as of LessonPage, with `question` (a ShownQuestion) instead of `card`."""

    step: Step
    page: PageData
    blocks: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class PrintedModule:
    module: OutlineModule
    lessons: tuple[PrintedLesson, ...]


def printed_modules(context: LearnerContext, modules: Iterable[OutlineModule]) -> list[PrintedModule]:
    """Return those of `modules` with lessons. Questions show their answer keys once the course is completed."""
    printed = (PrintedModule(module, tuple(printed_lessons(context, module))) for module in modules)
    return [each for each in printed if each.lessons]


def printed_lessons(context: LearnerContext, module: OutlineModule) -> Iterator[PrintedLesson]:
    for step in module.steps:
        if step.kind == "lesson":
            lesson = untried_lesson(context, step, context.page(step.id))
            blocks = tuple(printed_block(context, block, lesson.questions) for block in lesson.blocks())
            yield PrintedLesson(step, lesson.page, blocks)


def printed_block(
    context: LearnerContext, block: Mapping[str, Any], questions: Mapping[str, Question]
) -> Mapping[str, Any]:
    if block["type"] == "question":
        return {"type": "question", "question": printed_question(context, questions[block["id"]])}
    return {**block, "html": as_printed(block["html"])} if "html" in block else block


def printed_question(context: LearnerContext, question: Question) -> ShownQuestion:
    enrollment, question = context.enrollment, question.rewritten(as_printed)
    if enrollment.completed_at is None or question.kind == "open":
        return ask(question, enrollment.pk, 0)
    return show(question, enrollment.pk, [CorrectAnswer(list(question.key))])


def as_printed(html: str) -> str:
    """Remove ids and links to them; put headings two levels deeper.

    >>> as_printed('<h2 id="seven">At <a href="#card">id="x"</a></h2>')
    '<h4>At <a>id="x"</a></h4>'
    """
    return _TAG.sub(lambda tag: _HEADING.sub(deeper, _PLACES.sub("", tag[0])), html)


def deeper(heading: re.Match[str]) -> str:
    return f"<{heading[1]}h{min(int(heading[2]) + DEEPER, 6)}"
