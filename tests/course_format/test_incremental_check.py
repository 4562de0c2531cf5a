"""Checking after a change to one document finds the same problems as a full check."""

import pytest

from courseware.course_format.checks import check_course
from courseware.course_format.course import read_course
from tests.course_format.check_helpers import TODAY
from tests.course_format.samples import make_files
from tests.simulations.samples import PATHS, SIMULATION

COSTS = [  # a blank note, which the sample allows to end well
    ("- [x] 着火的地方 {calm=+5}", "- [x] 着火的地方 {calm=+5 set=noted}"),
    ("## 虚惊一场", '## 白纸 {#blank .yellow if="not noted"}\n\n没人看懂。\n\n## 虚惊一场'),
    ("## A false alarm", "## A blank sheet {#blank}\n\nNobody could read it.\n\n## A false alarm"),
]
FILES = make_files()
for language, text in SIMULATION.items():
    for old, new in COSTS:
        text = text.replace(old, new)
    FILES[PATHS[language]] = text.encode()
SOUND = read_course(FILES)
STEP = 24  # every 24th line; all lines would take a minute
DOCUMENTS = {document.path: document.id for texts in SOUND.documents.values() for document in texts.values()}


def issues(files, path, **options):
    """Return all problems of the document of `path`, and the errors of the others."""
    course = read_course(files)
    own = {document.path for document in SOUND.documents[DOCUMENTS[path]].values()}
    problems = check_course(course, today=TODAY, **options)
    return [problem for problem in problems if problem.path in own or problem.level == "error"]


def without_some_line(path):
    lines = FILES[path].splitlines(keepends=True)
    for number in range(0, len(lines), STEP):
        yield FILES | {path: b"".join(lines[:number] + lines[number + 1 :])}


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS)
def test_incremental_check_equals_full_check(path):
    assert issues(FILES, path) == []
    for files in without_some_line(path):
        assert issues(files, path, changed=DOCUMENTS[path]) == issues(files, path)


def test_other_documents_report_only_errors():
    lesson, card = "01-water/01-boiling.en.md", "emergency.card.en.md"
    files = FILES | {lesson: FILES[lesson].replace(b"A dry boil ruins it.", b"A dry boil ruins it. " * 40)}
    assert "lengths-differ" in {problem.finding.id for problem in issues(files, lesson, changed=DOCUMENTS[lesson])}
    problems = check_course(read_course(files), today=TODAY, changed=DOCUMENTS[card])
    assert [problem for problem in problems if problem.finding.id == "lengths-differ"] == []
