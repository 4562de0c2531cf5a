"""One mistake in a sound course, and the finding that names it: what the other tests of the checker leave out."""

import pytest

from courseware.language.checking import check
from tests.language.checked import BANK, EXAM, LESSON, LESSON_EN, SURVEY, TODAY
from tests.language.samples import damage, make_files

DRILL, CARD, LAST_MODULE = (
    "01-water/02-drill.simulation.zh-hans.md",
    "emergency.card.zh-hans.md",
    "02-end/module.zh-hans.md",
)


def findings(files):
    return {problem.finding.id for problem in check(files, today=TODAY)}


@pytest.mark.parametrize(
    ("path", "old", "new", "finding"),
    [
        # Front matter
        (EXAM, "draw: 2", "drawn: 2", "unknown-inner-key"),
        (LESSON, "title: 烧水", "title:", "value-missing"),
        (LESSON, "title: 烧水", "title: [4]", "value-is-list"),
        (LESSON, "title: 烧水", "title: {a: b}", "value-is-keys"),
        (LESSON, "title: 烧水", "? [a]\n: 4", "key-not-a-word"),
        # Text
        (LESSON, "水壶空了", "```\n水壶空了", "code-not-closed"),
        (LESSON, "先水后火。\n", "先水后火。\n\n> ## 先水\n", "heading-in-quote"),
        (LESSON, "水壶空了，", "- 一\n  - 二\n\n水壶空了，", "list-not-indented"),
        (LESSON, "水壶空了，", "一\n- 二\n\n水壶空了，", "list-without-blank-line"),
        (LESSON, "> [!night]\n> 夜里小声点。", "> [!night]", "empty-callout"),
        (LESSON, "![一只水壶]", "看：![一只水壶]", "figure-in-paragraph"),
        # Braces and headings
        (LESSON, "{#check .check}", "{#check .check tracks=day}", "no-brace-keys"),
        (LESSON, "#is-it-off .one", "#is-it-off .one lesson", "brace-key-without-value"),
        (LESSON, "{#seven}", "{#seven .check}", "second-check"),
        (LESSON, "### 关火了吗？", "## 关火了吗？", "empty-check"),
        (LESSON, "{#check .check}", "{#check .check}\n\n### 记 {#note-2 .open}", "open-in-check"),
        (LESSON, "#is-it-off .one", "#is-it-off .one family=what-first", "wording-apart"),
        (LESSON, "#what-to-wipe .several", "#what-to-wipe .several family=what-first tracks=day", "wording-apart"),
        (LESSON, "#note .open", "#note .open family=what-first", "wording-apart"),
        (
            BANK,
            "\n## 水开了",
            "\n## 记 {#note-2 .open objective=O1.1 level=apply}\n\n写。\n\n## 水开了",
            "open-in-bank",
        ),
        (BANK, "\n## 水开了", "先读。\n\n## 水开了", "text-in-bank"),
        (BANK, "#bank-cold .one", "#bank-cold", "question-without-kind"),
        (LAST_MODULE, "喝完。", "## 喝 {#drink .one}\n\n喝完。", "heading-with-kind"),
        (LAST_MODULE, "喝完。", "喝完。\n\n- **喝** {#O1.1}", "id-of-other-list"),
        (CARD, "call=119", "number=119", "unknown-brace-key"),
        (DRILL, "{#door .scene}", "{#door}", "situation-without-kind"),
        (DRILL, "{#door .scene}", "{#door .cene}", "unknown-situation-kind"),
        # Questions
        (LESSON, "- [ ] 走开\n  > 干烧会坏。\n- [x] 加水\n  > 有水才能烧。", "有水才能烧。", "no-choices"),
        (LESSON, "- **凉的**\n  - 冰\n    > 刚拿出来。\n  - 自来水\n    > 没烧过。\n", "", "number-of-members"),
        (LESSON, "- [ ] 走开", "- [ ]", "choice-without-text"),
        (LESSON, "- [ ] 走开", "- [ ] 走开 {#off}", "choice-with-braces"),
        (LESSON, "- [ ] 走开", "- [ ] 加水", "choice-twice"),
        (LESSON, "- **热的**\n", "- **热的**\n  > 烫。\n", "reason-below-group"),
        (LESSON, "- [x] 炉子开着", "- [ ] 炉子开着", "nothing-ticked"),
        (SURVEY, "{#say-more .open}", "{#say-more .one}", "too-few-answers"),
        (SURVEY, "- 不会", "- [x] 不会", "answer-not-plain"),
        (EXAM, "draw: 2, critical: [[O1.2]]", "draw: 1, critical: [[O1.2], [O1.2]]", "slots-beyond-draw"),
        # Simulations
        (DRILL, "{#door .scene}", "{#door .debrief}", "no-situation"),
        (DRILL, "## 外面 {#out .green}\n\n到了。\n", "", "no-ending"),
        (DRILL, "- [出去]", "- [x] 拿 {if=x}\n  > 拿着。\n- [出去]", "part-with-condition"),
        # Translations
        (LESSON_EN, '![A kettle](media/kettle.en.svg "The kettle")\n', "", "figures-differ"),
        (LESSON_EN, "see the [card](#card)", "see the card", "links-differ"),
        (LESSON_EN, "A dry boil ruins it.", "A dry boil ruins it. [^F-01]", "source-only-here"),
        (LESSON_EN, "1. [ ] No\n   > Go and look.\n2. [x]", "- [ ] No\n  > Go and look.\n- [x]", "bullets-here"),
        (
            LESSON_EN,
            "- [ ] Walk away\n  > A dry boil ruins it.\n- [x]",
            "1. [ ] Walk away\n   > A dry boil ruins it.\n2. [x]",
            "numbers-here",
        ),
        ("sources.en.md", "{#F-01}", "{#F-01 checked=2026-11-20}", "entry-key-of-source-language"),
    ],
)
def test_a_mistake_is_named(path, old, new, finding):
    assert finding in findings(damage(path, old, new))


def test_a_reference_to_a_list_that_is_empty_is_told_once():
    files = make_files()
    del files[EXAM], files["02-end/01-last.exam.en.md"]
    assert "reference-to-empty-list" in findings(files)


def test_the_longest_run_may_be_twice_as_long_as_the_average():
    long_reading = "## 又 {#long .scene seconds=0 if=late else=door}\n\n" + "长" * 3000
    files = damage(DRILL, "## 门口", long_reading + '\n\n- [走](#door "best")\n  > 走。\n\n## 门口')
    files[DRILL] = files[DRILL].replace(b"seconds: 10", b"seconds: 10\nchance: {late: 1/99}")
    english = '## Long {#long}\n\nText.\n\n- [Go](#door "best")\n  > Go.\n\n## At the door'
    files[DRILL.replace("zh-hans", "en")] = files[DRILL.replace("zh-hans", "en")].replace(
        b"## At the door", english.encode()
    )
    assert "longest-run-too-long" in findings(files)
