"""The example of docs/authors/simulations.md, put together as the page says, is a sound simulation."""

import re
from datetime import date
from pathlib import Path
from random import Random

import pytest

from courseware.language.checking import check
from courseware.language.checking.simulations import check_simulations
from courseware.language.course import read_course
from courseware.language.simulation_text import make_simulation
from courseware.language.simulations import POINTS
from tests.language.samples import COURSE

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.only_if_changed("docs/authors/", "courseware/language/"),
]
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "authors" / "simulations.md").read_text(encoding="utf-8")
TODAY = date(2026, 11, 25)
PATH, PATH_ZH = "01-water/02-yellow-coat.simulation.en.md", "01-water/02-yellow-coat.simulation.zh-hans.md"
METERS = "{safety: Safety, trust: Trust, time: Time}"

FENCE = re.compile(r"^```(markdown|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"## .*\{#([\w-]+)")
ENDING = re.compile(r"## .* \.(?:green|yellow|red)\b")
*STEPS, TRANSLATION = FENCE.findall(PAGE)


def pieces_of(text):
    """The front matter with the premise, then each heading with what stands below it."""
    return [f"{piece.strip()}\n" for piece in re.split(r"^(?=## )", text, flags=re.MULTILINE) if piece.strip()]


def name_of(piece):
    heading = NAME.match(piece)
    return heading[1] if heading else ""


def grown(pieces, step):
    """What is shown again replaces what stood there; what is new goes above the endings. YAML is front matter."""
    kind, text = step
    if kind == "yaml":
        return [pieces[0].replace("\n---\n", f"\n{text}---\n", 1), *pieces[1:]]
    shown = {name_of(piece): piece for piece in pieces_of(text)}
    old = [shown.pop(name_of(piece), piece) for piece in pieces]
    at = next((place for place, piece in enumerate(old) if ENDING.match(piece)), len(old))
    return [*old[:at], *shown.values(), *old[at:]]


def example(steps):
    """The file after so many steps, its yaml blocks counted too."""
    pieces = []
    for step in STEPS[:steps]:
        pieces = grown(pieces, step)
    return "\n".join(pieces)


WHOLE = example(len(STEPS))


def swapped(text):
    """Names of files with the two languages changed round: the example's source is English."""
    return re.sub(r"\.(zh-hans|en)\.", lambda match: ".en." if match[1] == "zh-hans" else ".zh-hans.", text)


def course_files(english=WHOLE, chinese=TRANSLATION[1]):
    """The small course with the example in the place of its drill, and with the meters the example moves."""
    texts = {swapped(path): swapped(text) for path, text in COURSE.items() if ".simulation." not in path}
    texts["course.en.md"] = re.sub(r"\{calm: .*\}", METERS, texts["course.en.md"]).replace(
        "[zh-Hans, en]", "[en, zh-Hans]"
    )
    texts["course.zh-hans.md"] = re.sub(r"\{calm: .*\}", METERS, texts["course.zh-hans.md"])
    return {path: text.encode() for path, text in (texts | {PATH: english, PATH_ZH: chinese}).items()}


def told(*texts):
    return [problem.message for problem in check(course_files(*texts), today=TODAY)]


def told_after(steps):
    """Errors of the simulation after so many steps, before it is translated."""
    files = course_files(example(steps))
    del files[PATH_ZH]
    return {problem.message for problem in check_simulations(read_course(files)) if problem.level == "error"}


def test_the_whole_example_gives_no_problem():
    assert check(course_files(), today=TODAY) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_two_hundred_runs_at_random_end_and_between_them_everywhere(language):
    play, random = make_simulation(read_course(course_files()), "yellow-coat", language), Random(4)
    runs = [play.random_run(random) for _ in range(200)]
    assert {run[-1][0].place for run in runs} == set(play.endings_by_id)
    assert {state.place for run in runs for state, _, _ in run[:-1]} == set(play.nodes)


def test_it_can_be_checked_and_played_when_the_page_says_so():
    headings = {"## 2. Endings": 2, "## 3. A clock and meters": 3}
    for heading, steps in headings.items():
        assert PAGE.index(heading) < PAGE.index(STEPS[steps - 1][1])
        assert told_after(steps) == set()
    assert told_after(len(STEPS) - 1) == {'no node "report"'}


MISTAKES = [
    ("else=report", "else=reprot"),
    (
        "## The door has closed",
        '## A back room {#back .scene}\n\n- [Go](#end "best")\n  > On.\n\n## The door has closed',
    ),
    ('(#hand-in-hand "weak")', '(#father "weak")'),
    (WHOLE[WHOLE.index("- [The next in the queue") : WHOLE.index("## Hand in hand")], ""),
    (
        "## The door has closed",
        '## A back room {#back .scene seconds=9}\n\n- [Wait](#end "timeout")\n  > On.\n\n## The door has closed',
    ),
    ('(#hand-in-hand "best")', '(#hand-in-hand "acceptable")'),
    ('(#hand-in-hand "best")', '(#hand-in-hand "bset")'),
    ("{safety=+10 trust=+5}", "{saftey=+10 trust=+5}"),
    ("if=passed}", "if=past}"),
    ("if=passed}", 'if="passed and not aunt"}'),
    ("{#on-his-arm .green}", "{#on-his-arm .green if=aunt}"),
    ("- [Over](#end)", "- [Over](#end) {set=described}"),
    ('if="trust < 50"', 'if="trust < 70"'),
]
MISTAKES_IN_THE_TRANSLATION = [
    ('(#hand-in-hand "weak")', '(#hand-in-hand "best")'),
    ('(#hand-in-hand "weak")', '(#hand-in-hand "weak") {time=-10}'),
]


def test_the_checker_says_what_the_page_says_it_does():
    table = PAGE[PAGE.index("| The checker says |") :].split("\n\n")[0]
    explained = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    chinese = TRANSLATION[1]
    found = [told(WHOLE.replace(old, new, 1)) for old, new in MISTAKES]
    found += [told(WHOLE, chinese.replace(old, new, 1)) for old, new in MISTAKES_IN_THE_TRANSLATION]
    assert len(explained) == len(found)
    for message, messages in zip(explained, found, strict=True):
        assert message in messages


def test_every_quality_is_explained_with_its_points():
    rows = re.findall(r"^\| `([\w ]+)` \| ([+−]?\d) \|", PAGE, re.MULTILINE)
    assert {quality: int(points.replace("−", "-")) for quality, points in rows} == {
        quality: points for quality, points in POINTS.items() if quality
    }
