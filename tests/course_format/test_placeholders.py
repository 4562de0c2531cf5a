"""Placeholders filled from the jurisdiction file."""

from courseware.course_format.course import read_course
from tests.course_format.check_helpers import BANK, BANK_EN, LESSON, issues
from tests.course_format.samples import COURSE, make_files

CARD = "emergency.card.zh-hans.md"
SHEET, SHEET_EN = "jurisdiction.zh-hans.md", "jurisdiction.en.md"
LAW = {
    SHEET: "---\nid: law\ntitle: 中国大陆\n---\n\n## 电话 {#numbers}\n\n- 119 {#fire}\n- 月底 {#by-when}\n",
    SHEET_EN: (
        "---\nid: law\ntitle: Mainland China\n---\n\n## Numbers {#numbers}\n\n- 119 {#fire}\n"
        "- the end of\n  the month {#by-when}\n"
    ),
}


def files_with(*changes, law=LAW):
    """Each change: path, old text, new text."""
    texts = COURSE | law
    for path, old, new in changes:
        assert old in texts[path]
        texts = texts | {path: texts[path].replace(old, new, 1)}
    return make_files() | {path: text.encode() for path, text in texts.items()}


def test_placeholder_uses_value_of_its_language():
    course = read_course(
        files_with(
            (BANK, "- [x] 关火", "- [x] {=by-when}关火，打 {=fire}"),
            (BANK_EN, "- [x] Turn it off", "- [x] Turn it off by {=by-when}, ring {=fire}"),
            (CARD, "call=119", "call={=fire}"),
        )
    )
    question = {language: course.question("bank-boiled", language) for language in course.languages}
    assert question["zh-hans"].choices[0].text == "月底关火，打 119"
    assert question["en"].choices[0].text == "Turn it off by the end of the month, ring 119"
    assert course.source("card").sections[0].attrs == {"call": "119"}


def test_other_jurisdiction_changes_values():
    elsewhere = {path: text.replace("119", "999") for path, text in LAW.items()}
    files = files_with((CARD, "放下杯子", "打 {=fire}，放下杯子"), law=elsewhere)
    assert read_course(files).source("card").lines[3].text == "打 999，放下杯子，走楼梯。"
    assert issues(files) == []


def test_unknown_placeholder_is_reported_at_its_line():
    files = files_with((LESSON, "## 早上七点", "## {=fore} 早上七点"))
    assert issues(files) == [f'{LESSON}:9: the jurisdiction has nothing called "fore"; did you mean "fire"?']
    spaced = files_with((LESSON, "## 早上七点", "## {= fire} 早上七点"))
    assert issues(spaced) == [f'{LESSON}:9: the jurisdiction has nothing called " fire"; did you mean "fire"?']
    without = {path: body for path, body in files.items() if path not in LAW}
    assert issues(without) == [f'{LESSON}:9: the jurisdiction has nothing called "fore"']


def test_unreadable_jurisdiction_is_the_only_issue():
    files = files_with((LESSON, "## 早上七点", "## {=fire} 早上七点"))
    files[SHEET] = files[SHEET].replace(b"id: law\n", b"")
    assert issues(files) == [f'{SHEET}:2: "id" is missing']


def test_placeholder_in_code_is_not_filled():
    files = files_with((LESSON, "## 早上七点 {#seven}\n", "## 早上七点 {#seven}\n\n```\n{=fire}\n```\n"))
    assert issues(files) == []
    assert "{=fire}" in read_course(files).source("boiling").section("seven").blocks[0].text


def test_placeholder_in_front_matter_is_an_error():
    """Lists and emails show titles as they are in the file."""
    files = files_with((LESSON, "title: 烧水", "title: 烧水 {=fire}"), (LESSON, "# 每人", "# {=by-when}每人"))
    assert issues(files) == [
        f'{LESSON}:3: "{{=fire}}" is not replaced in front matter; write its text there',
        f'{LESSON}:4: "{{=by-when}}" is not replaced in front matter; write its text there',
    ]
