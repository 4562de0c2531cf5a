"""A course as its people see it, for who leads them: of nobody's run, and nothing is kept of the walk."""

from typing import NamedTuple

from courseware.accounts.models import User
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline, PageData, Step
from courseware.content.models import Course, Release
from courseware.language.simulations import Ending, Node, NodeChoice, Part, RunState, Simulation
from courseware.learning.access import Reading
from courseware.learning.lessons import UntriedLesson, untried_lesson
from courseware.learning.models import Enrollment
from courseware.learning.question_view import shuffle_for
from courseware.lib.small_numbers import small_number

SEEN = ("lesson", "simulation")  # what an exam asks is drawn for each who sits it
LONGEST_WAY = 60  # decisions
BETWEEN, WITH = "-", "."


def lesson_seen(course: Course, step: Step, page: PageData, post: str) -> UntriedLesson:
    """As somebody of this post would find it."""
    nobody = Enrollment(pk=0, learner=User(), course=course, track=post)
    return untried_lesson(Reading(nobody), step, page)


class WayTaken(NamedTuple):
    """Decisions so far, as an address has them: the place of each choice, and of the parts picked with it: 1-0.2.3-1"""

    decisions: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @classmethod
    def read(cls, text: str) -> "WayTaken":
        """What is no way is the beginning."""
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
    """Where a way has come to: at a node, or at an ending. `offered` are (place, choice) and `parts` (place, part), in
    the same order for everybody who looks; `last` is the choice before.
    """

    way: WayTaken
    meters: list[tuple[str, int]]
    node: Node | None
    ending: Ending | None
    offered: list[tuple[int, NodeChoice]]
    parts: list[tuple[int, Part]]
    last: NodeChoice | None


def situation_after(way: WayTaken, rules: Simulation, texts: Simulation, flags: frozenset[str]) -> SeenSituation:
    """`rules` in the course's own language, `texts` in the reader's. Raises NotOffered."""
    state, last = rules.begin(flags), None
    for place, picked in way.decisions:
        before, state = state.place, rules.decide(state, place, picked)
        last = texts.nodes[before].choices[place]
    node, ending = texts.nodes.get(state.place), texts.endings_by_id.get(state.place)
    choices, parts = rules.shown(state, shuffle_for(f"seen:{node.id}")) if node else ([], [])
    return SeenSituation(
        way=way,
        meters=meters_of(state, texts),
        node=node and node.heard(state),
        ending=ending and ending.heard(state),
        offered=[(place, node.choices[place]) for place in choices] if node else [],
        parts=[(place, node.parts[place]) for place in parts] if node else [],
        last=last,
    )


def meters_of(state: RunState, texts: Simulation) -> list[tuple[str, int]]:
    return [(texts.meters[meter], value) for meter, value in state.meters.items()]


def both_languages(release: Release, step: Step, language: str) -> tuple[Simulation, Simulation]:
    """A simulation in the reader's language, and in that of its rules."""
    languages = (language, release.course.source_language)
    texts, rules = (serving.page(release, step.id, each).simulation for each in languages)
    return texts, rules


def neighbours(route: Outline, step: Step) -> tuple[Step | None, Step | None]:
    """The steps before and after that can be seen."""
    seen = [each for each in route.steps if each.kind in SEEN]
    place = seen.index(step)
    return (seen[place - 1] if place else None), (seen[place + 1] if place + 1 < len(seen) else None)
