"""Preview of a course for managers and editors, without an enrollment; nothing is stored."""

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

SEEN = ("lesson", "simulation")  # kinds of steps with a preview
LONGEST_WAY = 60  # decisions
BETWEEN, WITH = "-", "."


def lesson_seen(course: Course, step: Step, page: PageData, post: str) -> UntriedLesson:
    """A lesson as a learner with this job role sees it."""
    nobody = Enrollment(pk=0, learner=User(), course=course, track=post)
    return untried_lesson(LearnerContext(nobody), step, page)


class WayTaken(NamedTuple):
    """Decisions so far, in a URL as `1-0.2.3-1`: the index of each choice and of the parts picked with it."""

    decisions: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @classmethod
    def read(cls, text: str) -> "WayTaken":
        """An invalid text is the beginning."""
        found = []
        for decision in text.split(BETWEEN)[:LONGEST_WAY] if text else ():
            place, *picked = [small_number(number) for number in decision.split(WITH)]
            if place is None or None in picked:
                return cls()
            found.append((place, tuple(number for number in picked if number is not None)))
        return cls(tuple(found))

    def then(self, place: int, picked: tuple[int, ...]) -> "WayTaken":
        return WayTaken((*self.decisions, (place, picked)))

    def __str__(self) -> str:
        return BETWEEN.join(WITH.join(map(str, (place, *picked))) for place, picked in self.decisions)


class SeenSituation(NamedTuple):
    """A node or an ending; `offered` (index, choice) and `parts` (index, part) have a fixed order."""

    way: WayTaken
    meters: list[tuple[str, int]]
    node: Node | None
    ending: Ending | None
    offered: list[tuple[int, NodeChoice]]
    parts: list[tuple[int, Part]]
    last: NodeChoice | None


def situation_after(way: WayTaken, rules: Simulation, texts: Simulation, flags: frozenset[str]) -> SeenSituation:
    """`rules` in the source language of the course, `texts` in the user's. Raises NotOffered."""
    state, last = rules.begin(flags), None
    for place, picked in way.decisions:
        before, state = state.place, rules.decide(state, place, picked)
        last = texts.nodes[before].choices[place]
    node, ending = texts.nodes.get(state.place), texts.endings_by_id.get(state.place)
    choices, parts = rules.shown(state, shuffle_for(f"seen:{node.id}")) if node else ([], [])
    return SeenSituation(
        way=way,
        meters=[(texts.meters[meter], value) for meter, value in state.meters.items()],
        node=node and node.heard(state),
        ending=ending and ending.heard(state),
        offered=[(place, node.choices[place]) for place in choices] if node else [],
        parts=[(place, node.parts[place]) for place in parts] if node else [],
        last=last,
    )


def neighbours(route: Outline, step: Step) -> tuple[Step | None, Step | None]:
    """The steps before and after that have a preview."""
    seen = [each for each in route.steps if each.kind in SEEN]
    place = seen.index(step)
    return (seen[place - 1] if place else None), (seen[place + 1] if place + 1 < len(seen) else None)
