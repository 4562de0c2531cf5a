"""Course preview for managers and editors: lessons and simulations without an enrollment. Stores nothing."""

from typing import NamedTuple

from courseware.accounts.models import User
from courseware.content.models import Course
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.course_format.simulations.simulation import Ending, Node, NodeChoice, Part, Simulation
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.lesson_page import UntriedLesson, untried_lesson
from courseware.learning.lessons.question_rendering import shuffle_for
from courseware.learning.models import Enrollment
from courseware.lib.web.form_numbers import small_number

PREVIEW_KINDS = ("lesson", "simulation")  # kinds of steps with a preview page
MAX_DECISIONS = 60  # decisions read from a URL
BETWEEN, WITH = "-", "."


def preview_lesson(course: Course, step: Step, page: PageData, job_role: str) -> UntriedLesson:
    """Return a lesson as a learner with this job role (a key of `outline.tracks`, or "") sees it."""
    placeholder = Enrollment(pk=0, learner=User(), course=course, job_role=job_role)
    return untried_lesson(LearnerContext(placeholder), step, page)


class DecisionPath(NamedTuple):
    """Decisions so far: index of each choice, and of the message parts picked with it. In a URL: `1-0.2.3-1`."""

    decisions: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @classmethod
    def read(cls, text: str) -> "DecisionPath":
        """Parse text of a URL, ignoring decisions after the first MAX_DECISIONS. Invalid text gives no decisions."""
        found = []
        for decision in text.split(BETWEEN)[:MAX_DECISIONS] if text else ():
            position, *picked = [small_number(number) for number in decision.split(WITH)]
            if position is None or None in picked:
                return cls()
            found.append((position, tuple(number for number in picked if number is not None)))
        return cls(tuple(found))

    def then(self, position: int, picked: tuple[int, ...]) -> "DecisionPath":
        """Return a copy with one more decision: index of the choice, and of the message parts picked."""
        return DecisionPath((*self.decisions, (position, picked)))

    def __str__(self) -> str:
        return BETWEEN.join(WITH.join(map(str, (position, *picked))) for position, picked in self.decisions)


class PreviewSituation(NamedTuple):
    """A node or an ending; the other is None. `meters`: (label, value); `offered`, `parts`: (index, choice or part)."""

    way: DecisionPath
    meters: list[tuple[str, int]]
    node: Node | None
    ending: Ending | None
    offered: list[tuple[int, NodeChoice]]
    parts: list[tuple[int, Part]]
    last: NodeChoice | None


def situation_after(way: DecisionPath, rules: Simulation, texts: Simulation, flags: frozenset[str]) -> PreviewSituation:
    """Return the situation after `way`. Raise `NotOffered` for an impossible decision. `rules`, `texts`: the simulation
    in the source language and in the user's language; `flags`: of `rules.draw`.
    """
    state, last = rules.begin(flags), None
    for position, picked in way.decisions:
        before, state = state.place, rules.decide(state, position, picked)
        last = texts.nodes[before].choices[position]
    node, ending = texts.nodes.get(state.place), texts.endings_by_id.get(state.place)
    choices, parts = rules.shown(state, shuffle_for(f"seen:{node.id}")) if node else ([], [])
    return PreviewSituation(
        way=way,
        meters=[(texts.meters[meter], value) for meter, value in state.meters.items()],
        node=node and node.heard(state),
        ending=ending and ending.heard(state),
        offered=[(position, node.choices[position]) for position in choices] if node else [],
        parts=[(position, node.parts[position]) for position in parts] if node else [],
        last=last,
    )


def neighbours(outline: Outline, step: Step) -> tuple[Step | None, Step | None]:
    """Return (previous, next) step with a preview, None at the ends. Raise ValueError if `step` has no preview."""
    shown = [each for each in outline.steps if each.kind in PREVIEW_KINDS]
    position = shown.index(step)
    return (shown[position - 1] if position else None), (shown[position + 1] if position + 1 < len(shown) else None)
