"""Checks of pace: seconds of reading without an action, written minutes of lessons, time limits of decisions."""

from collections.abc import Iterator

from courseware.course_format.checks.registry import always, when_complete
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic
from courseware.course_format.reading_time import decision_seconds, job_role_ids, minutes_of, stretches
from courseware.course_format.simulations.parser import make_simulation
from courseware.course_format.simulations.simulation import Simulation

FIRST_WITHIN = 30  # seconds of reading
AGAIN_WITHIN = 90


@when_complete
def check_pace(course: CourseText) -> Iterator[Diagnostic]:
    """Report where a job role reads more than FIRST_WITHIN seconds before the first action, or AGAIN_WITHIN later."""
    for _source, document in course.texts("lesson"):
        reported: set[int] = set()
        placed = [each for job_role in job_role_ids(course) for each in enumerate(stretches(document, job_role))]
        for index, stretch in placed:
            # For a lesson without questions, only the longer limit applies.
            limit = FIRST_WITHIN if index == 0 and stretch.ends_in_action else AGAIN_WITHIN
            if stretch.seconds > limit and stretch.line not in reported:
                reported.add(stretch.line)
                finding = "late-action" if limit == FIRST_WITHIN else "long-reading"
                yield document.problem(stretch.line, finding, seconds=stretch.seconds, most=limit)


@always
def check_written_minutes(course: CourseText) -> Iterator[Diagnostic]:
    """Report lessons with `minutes` in their front matter, because these are computed."""
    for lesson in course.of_kind("lesson"):
        if "minutes" in lesson.front.values:
            computed = {language: minutes_of(course, lesson.id, language) for language in course.documents[lesson.id]}
            minutes_texts = tuple(f"{minutes:g} ({language})" for language, minutes in computed.items())
            yield lesson.problem(lesson.front.line("minutes"), "minutes-written", minutes=minutes_texts)


@when_complete
def check_seconds(course: CourseText) -> Iterator[Diagnostic]:
    """Report time limits without a `why` that differ from the computed limit of the slowest language."""
    for document in course.of_kind("simulation"):
        languages = course.documents[document.id]
        texts = [make_simulation(course, document.id, language) for language in languages]
        for node in make_simulation(course, document.id, document.language).nodes.values():
            section = next(section for section in document.sections if section.id == node.id)
            expected = max(seconds_for(one, node.id) for one in texts)
            if node.seconds and node.seconds != expected and not section.attrs.get("why"):
                yield document.problem(section.line, "other-seconds", seconds=node.seconds, expected=expected)


def seconds_for(simulation: Simulation, identifier: str) -> int:
    """Return the computed time limit of a node (id) in seconds, 0 for an unknown id."""
    node = simulation.nodes.get(identifier)
    if node is None:
        return 0
    chosen = [choice.text for choice in node.choices if not choice.is_timeout]
    return decision_seconds([*chosen, *(part.text for part in node.parts)])
