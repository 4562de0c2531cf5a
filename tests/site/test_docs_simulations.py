"""The example of docs/authors/simulations.md, put together as the page says, is a sound simulation."""

import re
from datetime import date
from functools import reduce
from pathlib import Path

import pytest

from courseware.language.checking import check
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


def swapped(text):
    """Names of files with the two languages changed round: the example's source is English."""
    return re.sub(r"\.(zh-hans|en)\.", lambda match: ".en." if match[1] == "zh-hans" else ".zh-hans.", text)


def course_files():
    """The small course with the example in the place of its drill, and with the meters the example moves."""
    english = "\n".join(reduce(grown, STEPS, []))
    texts = {swapped(path): swapped(text) for path, text in COURSE.items() if ".simulation." not in path}
    texts["course.en.md"] = re.sub(r"\{calm: .*\}", METERS, texts["course.en.md"]).replace(
        "[zh-Hans, en]", "[en, zh-Hans]"
    )
    texts["course.zh-hans.md"] = re.sub(r"\{calm: .*\}", METERS, texts["course.zh-hans.md"])
    return {path: text.encode() for path, text in (texts | {PATH: english, PATH_ZH: TRANSLATION[1]}).items()}


def test_the_whole_example_gives_no_problem():
    assert check(course_files(), today=TODAY) == []
