"""Lesson minutes (350 characters or 200 words a minute, 10 s a question) and reading time between
actions (250 and 130). All sums are made by hand."""

import pytest

from courseware.course_format.checks.pace import check_seconds
from courseware.course_format.course import read_course
from courseware.course_format.parsing.parser import read
from courseware.course_format.reading_time import (
    ANNOUNCED,
    Stretch,
    decision_seconds,
    lesson_minutes,
    reading_seconds,
    stretches,
)
from tests.course_format.kettle_simulation import PATH, PATH_EN, drill_files

CHARACTER, WORD = 60 / 250, 60 / 130
FRONT = "---\nid: pace\ntitle: Pace\nobjectives: [O1]\n---\n"
FIRST = FRONT.count("\n") + 1  # number of the first line of the body
LESSON = """One two three.

## Four {#four tracks=day}

Five six.

## Which one {#which .one}

Seven eight.

1. [ ] nine
   > because
2. [x] ten eleven
   > because

Afterwards it says this.

## Sort {#sort .sort}

- **hot**
  - kettle
    > because
- **cold**
  - ice cube
    > because

## Wrong here {#mark .mark}

> Twelve thirteen fourteen.

- [x] Twelve
  > because
- [ ] thirteen
  > because

## Note {#note .open tracks="day night"}

What now?

> [!say]
> A model answer.
"""


@pytest.fixture
def lesson():
    document, problems = read("01-tea/01-pot.en.md", (FRONT + LESSON).encode())
    assert problems == []
    return document


def words(number):
    return pytest.approx(number * WORD)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("", 0),
        ("水开了", 3 * CHARACTER),
        ("The water boils", 3 * WORD),
        ("水 boils 了", 2 * CHARACTER + WORD),
        ("**水**[^F-1] [boils](https://example.com)", CHARACTER + WORD),  # markup takes no time
        ("110 calls", 2 * WORD),
    ],
)
def test_reading_time_counts_characters_and_words(text, seconds):
    assert reading_seconds(text) == pytest.approx(seconds)


def test_announced_minute_is_350_characters_or_200_words():
    assert reading_seconds("水" * 35 + " word" * 20, ANNOUNCED) == pytest.approx(12)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", 0.5),
        ("water " * 350, 2),  # 1.75 minutes
        ("水" * 600, 1.5),  # 1.71
        (LESSON, 1),  # 5 questions and 50 words for day: 65 seconds
        ("## Four {#four tracks=day}\n\n" + "tea " * 399 + "\n\n## Five {#five tracks=night}\n\n" + "tea " * 199, 2),
        ("> [!day]\n> " + "tea " * 400 + "\n\n> [!night]\n> " + "tea " * 200, 2),
        ("## Which {#which .one}\n\n- [x] " + "tea " * 200 + "\n  > " + "since " * 200, 2),
        ("## Mark {#mark .mark}\n\n> " + "tea " * 200 + "\n\n- [x] " + "tea " * 20 + "\n  > Since.\n", 1),
    ],
    ids=["nothing", "words", "characters", "all kinds", "sections of posts", "callouts", "choices and reasons", "mark"],
)
def test_lesson_minutes_use_longest_job_role_in_half_minutes(text, minutes):
    document, _problems = read("01-tea/01-pot.en.md", (FRONT + text).encode())
    assert lesson_minutes(document, ("day", "night")) == minutes


def test_stretch_ends_at_next_action(lesson):
    lines = (FRONT + LESSON).splitlines()

    def line(text):
        return lines.index(text) + 1

    assert stretches(lesson, "night") == [
        Stretch(FIRST, words(3 + 2 + 2), True),
        Stretch(line("Afterwards it says this."), words(4 + 1), True),
        Stretch(line("## Wrong here {#mark .mark}"), words(2 + 3), True),
        Stretch(line('## Note {#note .open tracks="day night"}'), words(1 + 2), True),
        Stretch(line("> [!say]"), words(3), False),
    ]


def test_text_of_other_job_role_is_not_counted(lesson):
    first, *_ = stretches(lesson, "day")
    assert first == Stretch(FIRST, words(3 + 1 + 2 + 2 + 2), True)


def test_open_question_without_callout_ends_stretch():
    document, _ = read("01-tea/01-pot.en.md", (FRONT + "## Note {#note .open}\n\nWhat now?\n").encode())
    assert stretches(document, "day") == [Stretch(FIRST, words(1 + 2), True)]


def test_empty_lesson_has_no_stretch():
    document, _ = read("01-tea/01-pot.en.md", FRONT.encode())
    assert stretches(document, "day") == []


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        ([], 10),
        (["等" * 9], 10),  # 2 and 8
        (["等" * 5, "等" * 5], 15),  # one more character
        (["one two three", "four five six"], 10),
        (["one two three four five six seven"], 15),
        (["**等**" * 9], 10),
        (["等" * 27, "one two three"], 15),
    ],
)
def test_decision_time_is_reading_time_plus_8_rounded_to_5(texts, seconds):
    assert decision_seconds(texts) == seconds


@pytest.mark.parametrize(
    ("braces", "told"),
    [
        ("{#stove .alarm seconds=15}", []),
        ("{#stove .alarm seconds=0}", []),
        ("{#stove .alarm}", ['20 seconds to decide, the choices ask for 15; expected that, or why="…"']),
        ("{#stove .alarm seconds=10}", ['10 seconds to decide, the choices ask for 15; expected that, or why="…"']),
        ('{#stove .alarm seconds=10 why="steam"}', []),
    ],
)
def test_different_decision_time_needs_reason(braces, told):
    others = {"{#note .chat}": "{#note .chat seconds=15}", "{#monday-shift .call": "{#monday-shift .call seconds=10"}
    files = drill_files("{#stove .alarm}", braces)
    for old, new in others.items():
        files[PATH] = files[PATH].replace(old.encode(), new.encode())
    assert [problem.message for problem in check_seconds(read_course(files))] == told


def test_decision_time_uses_slower_language():
    files = drill_files()
    slow = files[PATH_EN].replace(b"[Turn it off]", b"[" + b"Turn it off " * 20 + b"]")
    found = [problem.message for problem in check_seconds(read_course(files | {PATH_EN: slow}))]
    assert found[0].startswith("20 seconds to decide, the choices ask for 35")
