"""What a short renewal asks for, frozen when it opens.

Lessons that a release changed by more than a minor one since they were last done, or that were never done; the first
lesson on each objective that the passed attempt missed; the simulation that was played worst; and the exam.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Max

from courseware.assessment.models import Attempt, Response
from courseware.content.compiled.serving import Outline, outline
from courseware.content.models import ASKS_TO_REREAD, Course, ReleaseEntry
from courseware.learning.models import Completion
from courseware.simulations.models import Run


def short_lists(people: Collection[int], course: Course) -> dict[int, list[str]]:
    """Person → ids in the order of the route. Whoever is not in it has nothing to repeat, so renews the whole course.

    Runs six queries for any number of people, none for nobody.
    """
    if not people or course.current is None:
        return {}
    route = outline(course.current, course.source_language)
    changed, done = last_changes(course), last_done(people, course)
    missed, worst = missed_objectives(people, course), worst_simulations(people, route, course)
    lists = {}
    for person in people:
        wanted = {route.exam_id, worst.get(person), *map(route.objective_lessons.get, missed[person])}
        wanted |= {lesson for lesson in route.required_lessons if is_to_repeat(lesson, done[person], changed)}
        lists[person] = [step.id for step in route.steps if step.id in wanted]
    return {person: wanted for person, wanted in lists.items() if wanted}


def is_to_repeat(lesson: str, done: Mapping[str, datetime], changed: Mapping[str, datetime]) -> bool:
    return lesson not in done or (lesson in changed and done[lesson] < changed[lesson])


def last_changes(course: Course) -> dict[str, datetime]:
    """Id of a document → when a release that was more than minor last changed it. Runs one query."""
    entries = ReleaseEntry.objects.filter(release__course=course, weight__in=ASKS_TO_REREAD)
    return dict(entries.order_by("release__number").values_list("document__identifier", "release__created_at"))


def last_done(people: Collection[int], course: Course) -> defaultdict[int, dict[str, datetime]]:
    """Person → id of a document → when it was last completed, in any run. Runs one query."""
    done: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    own = Completion.objects.filter(enrollment__learner__in=people, enrollment__course=course).order_by()
    last = own.values_list("enrollment__learner", "document__identifier").annotate(last=Max("completed_at"))
    for person, document, at in last:
        done[person][document] = at
    return done


def missed_objectives(people: Collection[int], course: Course) -> defaultdict[int, set[str]]:
    """Person → the objectives missed in the attempt that was passed last. Runs two queries."""
    passed = Attempt.objects.filter(enrollment__learner__in=people, enrollment__course=course, is_passed=True)
    last = dict(passed.order_by("submitted_at").values_list("enrollment__learner", "pk"))
    missed: defaultdict[int, set[str]] = defaultdict(set)
    found = Response.objects.filter(attempt__in=last.values(), is_right=False).order_by()
    for person, objective in found.values_list("attempt__enrollment__learner", "objective"):
        missed[person].add(objective)
    return missed


def worst_simulations(people: Collection[int], route: Outline, course: Course) -> dict[int, str]:
    """Person → the id of the simulation whose best run was worst; of equals the first of the route. Runs one query."""
    simulations = [step.id for step in route.steps if step.kind == "simulation" and not step.waited]
    places = {simulation: place for place, simulation in enumerate(simulations)}
    runs = Run.objects.on_record().finished().filter(enrollment__learner__in=people, enrollment__course=course)
    best: defaultdict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for run in runs.select_related("simulation", "enrollment"):
        played, simulation = best[run.enrollment.learner_id], run.simulation.identifier
        if simulation in places:
            played[simulation] = max(played.get(simulation, run.worth), run.worth)
    return {
        person: min(played, key=lambda simulation: (played[simulation], places[simulation]))
        for person, played in best.items()
        if played
    }
