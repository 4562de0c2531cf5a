"""A simulation in which a kettle boils over, whole or with one change, and its check results."""

from datetime import date
from functools import cache

from courseware.course_format.checks import check
from courseware.course_format.course import read_course
from courseware.course_format.simulations.parser import make_simulation
from tests.course_format.samples import make_files, texts_in

TODAY = date(2026, 11, 25)
PATH, PATH_EN = "01-water/02-drill.simulation.zh-hans.md", "01-water/02-drill.simulation.en.md"
# 5 situations, a message, chance, and endings of each outcome.
DRILL, DRILL_EN = (texts_in("boiling-over")[path] for path in (PATH, PATH_EN))


def drill_files(old="", new="", *, english=DRILL_EN):
    assert old in DRILL
    return make_files() | {PATH: DRILL.replace(old, new, 1).encode(), PATH_EN: english.encode()}


@cache  # cached: it is frozen
def drill(language="zh-hans", **files):
    return make_simulation(read_course(drill_files(**files)), "drill", language)


def issues(files):
    return [str(problem) for problem in check(files, today=TODAY)]
