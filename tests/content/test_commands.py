"""Commands `check_content`, `content_report`, `content_facts` and `content_points`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from courseware.content.management.commands.check_content import read_files
from courseware.course_format.checks.guessing import guessed_sets
from courseware.course_format.course import read_course
from courseware.course_format.diagnostic_messages import LEVELS
from tests.course_format.check_helpers import BANK, LESSON_EN, OUTLINE, SOURCES, TODAY
from tests.course_format.samples import damage, make_files

DRILL = "01-water/02-drill.simulation.zh-hans.md"


def write_course(folder, files):
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def run_command(*arguments):
    """Run `check_content`; return exit status and printed lines."""
    output = StringIO()
    try:
        call_command("check_content", *arguments, stdout=output)
    except SystemExit as stop:
        return stop.code, output.getvalue().splitlines()
    return 0, output.getvalue().splitlines()


def test_check_content_prints_problems_and_totals(tmp_path, time_machine):
    time_machine.move_to(TODAY)
    write_course(tmp_path / "tea-room", damage(LESSON_EN, "- [ ] Walk away", "- [x] Walk away"))
    assert run_command(str(tmp_path)) == (
        1,
        [
            f"{tmp_path}/tea-room/{LESSON_EN}:12: [x] here, [ ] there (zh-Hans line 15)",
            "courses: 1, errors: 1, warnings: 0",
        ],
    )


def test_warnings_fail_only_with_strict(tmp_path, time_machine):
    time_machine.move_to(TODAY)
    write_course(tmp_path / "tea-room", damage(LESSON_EN, "The kettle is", "The pot is"))
    write_course(tmp_path / "tea-room", {".git/config": b"no part of the course"})
    printed = [
        f'{tmp_path}/tea-room/{LESSON_EN}:6: term "水壶" (zh-Hans line 9) without "kettle" (warning)',
        "courses: 1, errors: 0, warnings: 1",
    ]
    assert run_command(str(tmp_path)) == (0, printed)
    assert run_command(str(tmp_path), "--strict") == (1, printed)


@pytest.mark.slow
def test_shipped_exams_do_not_leak_answers_by_reporting_choice(shipped_folder):
    sets = [one for one in guessed_sets(read_course(read_files(shipped_folder))) if one.name != "checks of lessons"]
    alone = {(one.name, one.language): one.reporting_alone for one in sets}
    assert {name: found for name, found in alone.items() if found and found[0]} == {}
    assert any(count for found in alone.values() if found for count in found)


def test_guessing_is_checked_only_with_complete(tmp_path):
    questions = "".join(
        f"\n## More {n} {{#more-{n} .one objective=O1.1 level=apply}}\n\n"
        "- [x] 停下，关火\n  > 因。\n- [ ] 走\n  > 因。\n- [ ] 坐\n  > 因。\n"
        for n in range(40)
    )
    bank = "02-end/bank/tea.bank.zh-hans.md"
    files = make_files()
    write_course(tmp_path / "tea-room", files | {bank: files[bank] + questions.encode()})
    reported = [
        any("the guesser" in line for line in run_command(str(tmp_path), *asked)[1]) for asked in ([], ["--complete"])
    ]
    assert reported == [False, True]


def test_list_option_prints_all_diagnostics():
    status, lines = run_command("--list")
    assert status == 0
    assert [line.split()[:2] for line in lines] == sorted([diagnostic, level] for diagnostic, level in LEVELS.items())
    assert 'unknown-key                  error   unknown key "KEY" in a KIND[; did you mean "NEAREST"?]' in lines


def test_check_content_rejects_folder_without_course(tmp_path):
    with pytest.raises(CommandError, match="no course here"):
        run_command(str(tmp_path))


def report(*arguments):
    output = StringIO()
    call_command("content_report", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def folder(tmp_path):
    for path, data in make_files().items():
        (tmp_path / "tea-room" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tea-room" / path).write_bytes(data)
    return str(tmp_path)


def test_content_report_shows_coverage_minutes_and_oldest_source(folder):
    text = report(folder)
    for line in (
        "9 minutes, 1 lessons, 2 outline points, 2 objectives, 11 questions.",
        "| Water | Boiling water 2 · Drill (simulation) 2 | 4 |",
        "| M1.S1.P1 | Boiling water | Boiling water |",
        "| M1.S1.P2 | Turning it off | **nothing** |",
        "| O1.2 | Turn off the stove | Boiling water | 1 | 1 | 2 | 2 |",
        "| Bank | 4 | 1 / 3 / 0 | 50 % (50) · 50 % (50) | 0 % / 50 % |",
        f"| last-cup | zh-hans | 4 | 50 % |{' 50 % (18–82) |' * 3} 63 % (26–89) | 50 % (18–82) | 1 of 1 |",
        "1 facts and cases. Looked at longest ago, on 2026-11-20: F-01.",
    ):
        assert line in text.splitlines()
    assert "| 烧水 | 1.5 / 2.0 |" in report(folder, "--language", "zh-hans")


def test_content_report_html_is_self_contained(folder):
    page = report(folder, "--html")
    assert page.startswith("<!doctype html>")
    assert "<td>M1.S1.P2</td>" in page
    assert "http" not in page


def test_content_report_rejects_folder_without_course(tmp_path):
    with pytest.raises(CommandError, match="no course here"):
        report(str(tmp_path))


def facts(*arguments):
    output = StringIO()
    call_command("content_facts", *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_content_facts_lists_claims_with_sources_and_citations(tmp_path):
    write_course(tmp_path / "tea-room", damage(SOURCES, "checked=2026-11-20", "checked=2026-11-20 unopened once"))
    lines = facts(str(tmp_path))
    says = "Water boils at 100 °C at sea level."
    row = f"| F-01 | {says} | [Some institute, 2020](https://example.org/en) | once, unopened | 2026-11-20 |"
    assert f"{row} Boiling water: seven, what-first |" in lines
    assert "- <https://example.org/en>: F-01" in lines
    assert any(
        "[某研究所，2020](https://example.org/zh)" in line for line in facts(str(tmp_path), "--language", "zh-hans")
    )


def test_content_facts_omits_already_opened_urls(folder):
    assert not any(line.startswith(("- <https://", "### Open")) for line in facts(folder))


def points(*arguments):
    output = StringIO()
    call_command("content_points", *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_content_points_lists_lesson_sentence_and_questions(tmp_path):
    asked = damage(BANK, "level=recall", "level=recall section=seven")
    write_course(
        tmp_path / "tea-room", asked | {OUTLINE: asked[OUTLINE] + "\n## 别的 {#M2}\n\n- 洗杯子 {#M2.P1}\n".encode()}
    )
    lines = points(str(tmp_path))
    says = "The kettle is empty, see the card. Shifts: choose yours."
    assert f"| M1.S1.P1 | Boiling water | Boiling water | seven | {says} | bank-cold |" in lines
    assert "| M2.P1 | 洗杯子 | **nowhere** |  |  | – |" in lines
    assert any(
        "| seven | 水壶空了，见应急卡。换班见选岗。 | bank-cold |" in line
        for line in points(str(tmp_path), "--language", "zh-hans")
    )


def test_content_points_falls_back_to_lesson_and_simulation_questions(tmp_path):
    files = damage(DRILL, "objectives:", "covers: [M1.S1.P2]\nobjectives:")
    write_course(tmp_path / "tea-room", {path: data for path, data in files.items() if ".bank." not in path})
    asked = {line.split(" | ")[2]: line.split(" | ")[-1] for line in points(str(tmp_path)) if line.startswith("| M1")}
    assert asked == {"Boiling water": "is-it-off |", "Drill": "door |"}
