"""Whether a lesson has something to do early, again at short intervals, and can be read in its minutes.

Limits in seconds of reading, from studies on short segments with an action in each.
"""

from collections.abc import Iterator

from courseware.language.course import CourseText
from courseware.language.metadata import LessonMeta
from courseware.language.pace import stretches, text_load, tracks_of
from courseware.language.parsing import ParsedDocument
from courseware.language.problems import Finding, Problem

FIRST_WITHIN = 30
AGAIN_WITHIN = 90


def check_pace(course: CourseText) -> Iterator[Problem]:
    for lesson in course.of_kind("lesson"):
        for document in course.documents[lesson.id].values():
            yield from _check_stretches(document, tracks_of(course))
            yield from _check_minutes(document, tracks_of(course))


def _check_stretches(document: ParsedDocument, tracks: tuple[str, ...]) -> Iterator[Problem]:
    reported: set[int] = set()
    for track in tracks:
        for place, stretch in enumerate(stretches(document, track)):
            # A lesson without any question ends without an action, so only the longer limit applies.
            limit = FIRST_WITHIN if place == 0 and stretch.ends_in_action else AGAIN_WITHIN
            if stretch.seconds > limit and stretch.line not in reported:
                reported.add(stretch.line)
                finding = "late-action" if limit == FIRST_WITHIN else "long-reading"
                yield Problem(document.path, stretch.line, Finding(finding, seconds=stretch.seconds, most=limit))


def _check_minutes(document: ParsedDocument, tracks: tuple[str, ...]) -> Iterator[Problem]:
    minutes = max((text_load(document, track) for track in tracks), default=0.0) / 60
    if isinstance(document.meta, LessonMeta) and minutes > document.meta.minutes:
        finding = Finding("text-beyond-minutes", minutes=minutes, planned=document.meta.minutes)
        yield Problem(document.path, 1, finding)
