"""How long a lesson takes to read: 250 Chinese characters or 130 words a minute. All sums are made by hand."""

import pytest

from courseware.language.pace import Stretch, question_load, reading_seconds, stretches, text_load
from courseware.language.parsing import read

CHARACTER, WORD = 60 / 250, 60 / 130
FRONT = "---\nid: pace\ntitle: Pace\nminutes: 4\nobjectives: [O1]\n---\n"
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
        ("**水**[^F-1] [boils](https://example.com)", CHARACTER + WORD),  # what is not read takes no time
        ("110 calls", 2 * WORD),
    ],
)
def test_reading_takes_a_time_for_each_character_and_each_word(text, seconds):
    assert reading_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("track, others", [("day", 1 + 2), ("night", 0)])
def test_of_text_what_a_track_is_shown_counts_with_its_headings_and_no_question(lesson, track, others):
    # Three at the beginning; headings of the questions 2 + 1 + 2 + 1; what follows them 4, and a callout of 3.
    assert text_load(lesson, track) == words(3 + 2 + 1 + 2 + 1 + 4 + 3 + others)


def test_of_questions_stems_and_choices_count_once_and_no_reasons(lesson):
    # Stem 2 with choices 1 + 2; groups 1 + 1 with members 1 + 2; a stem of 3 whose pieces are in it; an open stem of 2.
    assert question_load(lesson, "day") == words(2 + 3 + 5 + 3 + 2)


def test_a_question_for_another_track_takes_no_time(lesson):
    assert question_load(lesson, "dusk") == words(2 + 3 + 5 + 3)


def test_a_stretch_runs_from_one_act_to_the_next(lesson):
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


def test_what_is_for_another_track_is_not_read_on_the_way(lesson):
    first, *_ = stretches(lesson, "day")
    assert first == Stretch(FIRST, words(3 + 1 + 2 + 2 + 2), True)


def test_an_open_question_without_a_callout_is_an_act_at_its_end():
    document, _ = read("01-tea/01-pot.en.md", (FRONT + "## Note {#note .open}\n\nWhat now?\n").encode())
    assert stretches(document, "day") == [Stretch(FIRST, words(1 + 2), True)]


def test_without_anything_to_read_there_is_no_stretch():
    document, _ = read("01-tea/01-pot.en.md", FRONT.encode())
    assert stretches(document, "day") == []
