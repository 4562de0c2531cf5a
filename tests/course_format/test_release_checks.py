"""Checks of a finished course: reading time, keys, practice sets, terms, copied sentences."""

import pytest

from courseware.course_format.checks import check
from courseware.course_format.checks.guessing import guessed_sets
from courseware.course_format.checks.overlap import check_overlap
from courseware.course_format.course import read_course
from courseware.course_format.reading_time import stretches
from tests.course_format.check_helpers import BANK, EXAM, LESSON, LESSON_EN, TODAY, issues
from tests.course_format.samples import COURSE as TEXTS
from tests.course_format.samples import damage, make_files


def new_issues(files):
    """Return the messages for a finished course that the sample does not have."""
    usual = set(issues(make_files(), complete=True))
    return [message for message in issues(files, complete=True) if message not in usual]


# Reading time


def test_first_action_comes_within_30_seconds():
    quick, slow = ("水壶空了" + "，" + "水" * count for count in (80, 120))
    assert new_issues(damage(LESSON, "水壶空了", quick)) == []
    (message,) = [m for m in new_issues(damage(LESSON, "水壶空了", slow)) if "reading" in m]
    assert message == f"{LESSON}:9: 34 s of reading before the first action, expected at most 30"


@pytest.mark.parametrize(("words", "shown_of"), [(180, False), (200, True)])
def test_at_most_90_seconds_without_action(words, shown_of):
    files = damage(LESSON_EN, "Water before fire.", "Water before fire. " + "water " * words)
    assert any("s of reading without an action, expected at most 90" in m for m in new_issues(files)) == shown_of


def test_callout_of_other_job_role_is_not_counted():
    files = damage(LESSON_EN, "Be quiet at night.", "Be quiet at night. " + "hush " * 200)
    lesson = read_course(files).documents["boiling"]["en"]
    longest = {track: max(one.seconds for one in stretches(lesson, track)) for track in ("day", "night")}
    assert longest["night"] > longest["day"] + 90


def test_question_of_other_job_role_is_no_action():
    files = damage(LESSON, "### 先做什么？ {#what-first .one", "### 先做什么？ {#what-first .one tracks=night")
    lesson = read_course(files).source("boiling")
    count = {track: sum(one.ends_in_action for one in stretches(lesson, track)) for track in ("day", "night")}
    assert count["day"] == count["night"] - 1


# Keys and practice sets


def bank_with(count, key, length="短"):
    """The sample's bank plus questions of 3 choices, all with the key at one position."""
    choices = ["- [ ] 甲" + length, "- [ ] 乙" + length, "- [ ] 丙" + length]
    choices[key] = choices[key].replace("[ ]", "[x]")
    text = "\n".join(f"{choice}\n  > 因{number}。" for number, choice in enumerate(choices))
    questions = (f"\n## 题 {n} {{#more-{n} .one objective=O1.1 level=apply}}\n\n{text}\n" for n in range(count))
    return (TEXTS[BANK] + "".join(questions)).encode()


def key_issues(count, key):
    warnings = [p for p in check(make_files() | {BANK: bank_with(count, key)}, today=TODAY) if p.level == "warning"]
    return [(problem.path, problem.message) for problem in warnings if "key at place" in problem.message]


def test_keys_are_spread_over_positions():
    # 10 more with the key at position 1: 12 of 14; chance is (4 / 2 + 10 / 3) / 14.
    assert key_issues(10, 0) == [
        (EXAM, "key at place 1 in 86 % of the questions, expected about 38 %"),
        (EXAM, "key at place 2 in 14 % of the questions, expected about 38 %"),
        (EXAM, "key at place 3 in 0 % of the questions, expected about 24 %"),
        (BANK, "key at place 1 in 86 % of the questions, expected about 38 %"),
        (BANK, "key at place 2 in 14 % of the questions, expected about 38 %"),
        (BANK, "key at place 3 in 0 % of the questions, expected about 24 %"),
    ]
    assert key_issues(3, 0) == []  # 7 questions are too few


def test_guessable_exam_is_refused_in_finished_course():
    """40 questions whose key has one comma more in Chinese; 44 with those of the sample."""
    files = make_files() | {BANK: bank_with(40, 1).replace("乙短".encode(), "乙，短".encode())}
    found = [message for message in issues(files, complete=True) if "guesser" in message]
    assert (
        f'{EXAM}:1: the guesser "steps" is right in 95.5 % of 44 questions (last-cup); expected at most 40 %' in found
    )
    assert {message.partition(" is right")[0] for message in found} == {
        f'{EXAM}:1: the guesser "{name}"' for name in ("longest", "steps", "safe", "learned")
    }
    assert not any("guesser" in message for message in issues(files))


def test_guessed_sets_cover_all_graded_questions():
    files = with_practice_set(1)
    before = "---\nid: before\ntitle: 先\nminutes: 1\nstrata:\n  - {bank: tea-bank, draw: 2}\n---\n\n先。\n"
    files["01-water/00-before.exam.zh-hans.md"] = before.encode()
    files[LESSON] = files[LESSON].replace("1. [ ] 没有".encode(), "- [ ] 没有".encode())
    files[LESSON] = files[LESSON].replace("2. [x] 关了".encode(), "- [x] 关了".encode())
    sets = {(one.name, one.language): len(one.questions) for one in guessed_sets(read_course(files))}
    assert sets == {
        ("before", "zh-hans"): 4,
        ("last-cup", "zh-hans"): 4,
        ("drill-bank", "zh-hans"): 1,
        ("checks of lessons", "zh-hans"): 1,
        ("critical questions", "zh-hans"): 3,
        ("before + drill-bank", "zh-hans"): 5,
        ("last-cup", "en"): 4,
        ("drill-bank", "en"): 1,
        ("checks of lessons", "en"): 1,
        ("critical questions", "en"): 3,
        ("before + drill-bank", "en"): 5,
    }


def with_practice_set(right):
    files = damage(EXAM, "reopens: 7 days", f"reopens: 7 days\ncritical_drill: {{bank: drill-bank, right: {right}}}")
    question = (
        "\n## 练 {#drill-1 .one objective=O1.2 level=apply critical}\n\n- [x] 甲\n  > 因甲。\n- [ ] 乙\n  > 因乙。\n"
    )
    drill, drill_en = "02-end/bank/drill.bank.zh-hans.md", "02-end/bank/drill.bank.en.md"
    files[drill] = f"---\nid: drill-bank\ntitle: 补练\n---\n{question}".encode()
    files[drill_en] = (
        b"---\nid: drill-bank\ntitle: Drill\n---\n\n## One {#drill-1}\n\n- [x] A\n  > Since a.\n- [ ] B\n  > Since b.\n"
    )
    return files


def test_practice_set_has_enough_questions_per_rule():
    assert issues(with_practice_set(1)) == []
    assert issues(with_practice_set(3)) == [f"{EXAM}:11: drill-bank has 1 questions on O1.2, the practice set asks 3"]


# Terms


@pytest.mark.slow
def test_term_is_used_in_each_language():
    files = damage("terms.zh-hans.md", "- 水壶 {#kettle}", "- 水壶 {#kettle}\n- 茶壶 {#pot}")
    files["terms.en.md"] = TEXTS["terms.en.md"].replace("{#kettle}", "{#kettle}\n- saucer {#pot}").encode()
    assert [message for message in new_issues(files) if "nowhere" in message] == [
        'terms.zh-hans.md:7: term "saucer" is said nowhere in en',
        'terms.zh-hans.md:7: term "茶壶" is said nowhere in zh-Hans',
    ]
    assert issues(files) == issues(make_files())  # an unfinished course may list terms it does not use yet


# Copied sentences


def overlap(text, files=None):
    return [str(problem) for problem in check_overlap(read_course(files or make_files()), {"book.txt": text})]


def test_8_words_or_12_characters_count_as_copied():
    sentence = "The stove was left on by the last one to leave"
    files = damage(LESSON_EN, "Be quiet at night.", f"Be **quiet**. {sentence}. [^F-01]")
    (line,) = [n for n, text in enumerate(files[LESSON_EN].decode().split("\n"), start=1) if sentence in text]
    message = '"the stove was left on by the last" is also in book.txt; use your own words'
    assert overlap("We know: the *stove* was left on by the last, today", files) == [f"{LESSON_EN}:{line}: {message}"]
    assert overlap("the stove was left on by the", files) == []
    assert overlap("the stove was left on. By the last one", files) == []  # matches do not cross sentence ends

    files = damage(LESSON, "夜里小声点。", "夜里请大家都小声一点不要吵醒人。")
    assert len(overlap("据说，夜里请大家都小声一点不要", files)) == 1
    assert overlap("夜里请大家都小声一点不", files) == []
