"""Mistakes in a valid course and their messages, listed in `mistakes/`, one file per course."""

import re
from pathlib import Path

import pytest

from courseware.course_format.checks import check
from tests.course_format.check_helpers import TODAY
from tests.course_format.samples import COURSE, texts_in

CHANGE = re.compile(r"^@ (\S+)\n((?:-.*\n)*)((?:\+.*\n)*)", re.MULTILINE)
MISTAKES = [
    (file.stem, mistake.rstrip("\n") + "\n")
    for file in sorted((Path(__file__).parent / "mistakes").iterdir())
    for mistake in file.read_text(encoding="utf-8").split("\n\n")[1:]
]


def lines_of(part):
    return "\n".join(line[2:] for line in part.splitlines())


@pytest.mark.parametrize(("course", "mistake"), MISTAKES)
def test_mistake_is_reported_as_listed(course, mistake):
    texts = COURSE | texts_in(course)
    for path, old, new in CHANGE.findall(mistake):
        if old:
            assert lines_of(old) in texts[path]
            texts[path] = texts[path].replace(lines_of(old), lines_of(new), 1)
        else:
            texts[path] = lines_of(new)
    problems = check({path: text.encode() for path, text in texts.items()}, today=TODAY)
    found = [f"{problem}{'' if problem.level == 'error' else ' (warning)'}" for problem in problems]
    assert found == CHANGE.sub("", mistake).splitlines()
