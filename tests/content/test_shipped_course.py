"""What the courses in content/ have to hold beyond the grammar."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from django.utils import translation

from courseware.content.management.commands.check_content import course_folders
from courseware.content.management.commands.play_simulations import saved_results
from courseware.content.releases.course_files import read_folder
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.content.rendering.outline import compile_outline
from courseware.content.rendering.store import read_outline
from courseware.course_format.course import read_course
from courseware.course_format.simulations.baseline_players import LAZY, SAVED, PlayTable, play
from courseware.course_format.simulations.baseline_players import lazy as lazy_player
from courseware.course_format.simulations.parser import make_simulation
from courseware.lib.text.durations import minutes_text_of
from tests.content.import_helpers import bodies
from tests.making import make_course

SHIPPED = sorted(path.parent for path in (Path(__file__).parents[2] / "content").glob("*/course.zh-hans.md"))

EMPHASIS = re.compile(r"<(em|strong)>(.*?)</\1>")


@pytest.mark.shipped
@pytest.mark.exhaustive
@pytest.mark.any_database
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_no_asterisk_that_is_to_be_read_was_taken_for_emphasis(folder, db):
    release, astray = make_course(read_folder(folder)).current, []
    for language in ("zh-hans", "en"):
        for step in store.outline(release, language).steps:
            page = json.dumps(store.page(release, step.id, language).data, ensure_ascii=False)
            astray += [(step.id, text) for _tag, text in EMPHASIS.findall(page) if text[0] in "”’」，。；、,;."]
    assert astray == []


SAID = {
    "en": ("README.md", "{lessons} lessons, {simulations} simulations and an exam, about {time} of it required,"),
    "zh-hans": ("README.zh-hans.md", "{lessons}节课，{simulations}场演练，一次考核，必学的约{time}，"),
}


@pytest.mark.parametrize("language", SAID)
def test_each_readme_says_what_is_in_the_course_and_how_long_what_is_required_takes(shipped_folder, language):
    outline = read_outline(compile_outline(read_course(read_folder(shipped_folder)), language))
    kinds = Counter(step.kind for step in outline.steps)
    readme, sentence = SAID[language]
    with translation.override(language):
        time = minutes_text_of(outline.minutes_left())
    said = sentence.format(lessons=kinds["lesson"], simulations=kinds["simulation"], time=time)
    assert "".join(said.split()) in "".join(Path(readme).read_text(encoding="utf-8").split()), said


@pytest.mark.shipped
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_course_that_is_shipped_comes_back_byte_for_byte(folder, db):
    files = read_folder(folder)
    assert bodies(import_course(files).course) == files


def test_every_folder_beside_the_licence_is_a_course_called_as_its_folder(settings):
    folders = [path for path in settings.CONTENT_DIR.iterdir() if path.is_dir()]
    assert sorted(folders) == SHIPPED
    assert [read_course(read_folder(folder)).id for folder in SHIPPED] == [folder.name for folder in SHIPPED]


def test_with_another_sheet_the_whole_course_says_other_numbers(shipped_folder):
    """Lessons, card, questions and simulations: no public number of the sheet is written anywhere else."""
    files = read_folder(shipped_folder)
    listed = read_course(files).documents["jurisdiction"]["en"].entries
    numbers = {entry.text for entry in listed if entry.text.isdecimal()}
    assert len(numbers) > 5
    for language in ("en", "zh-hans"):
        path = f"jurisdiction.{language}.md"
        files[path] = re.sub(rb"^- \d+ ", b"- 9999 ", files[path], flags=re.MULTILINE)
    number = re.compile(rf"(?<![\d,.])(?:{'|'.join(numbers)})(?![\d%]|[.,]\d)")
    compressions = re.compile("100 (?:to|到) 120")  # a minute
    left = [
        (document.path, line.text)
        for languages in read_course(files).documents.values()
        for document in languages.values()
        if document.kind not in ("sources", "outline")
        for line in document.lines
        if number.search(re.sub(r"#[\w-]+|" + compressions.pattern, "", line.text))
    ]
    assert left == []


def test_each_simulation_with_a_clock_marks_where_nobody_may_freeze(shipped_folder):
    course = read_course(read_folder(shipped_folder))
    played = [make_simulation(course, document.id, "zh-hans") for document in course.of_kind("simulation")]
    marked = {
        simulation.id: [node.id for node in simulation.nodes.values() if frozen_in(node) == "critical"]
        for simulation in played
        if simulation.is_timed
    }
    assert all(marked.values()), marked


def frozen_in(node):
    return next((choice.worth for choice in node.choices if choice.is_timeout), "")


@pytest.mark.parametrize(
    ("language", "street", "why"), [("zh-hans", "青禾路", "说出地址"), ("en", "Qinghe", "gave the address")]
)
def test_a_fire_call_without_an_address_does_not_end_green_and_says_why(shipped_folder, language, street, why):
    simulation = make_simulation(read_course(read_folder(shipped_folder)), "alarm-mid-call", language)
    for flags in (set(), {"cut"}):
        state = simulation.begin(flags)
        while node := simulation.nodes.get(state.place):
            place, parts = simulation.best(state)
            state = simulation.decide(state, place, [part for part in parts if street not in node.parts[part].text])
        ending = simulation.endings_by_id[state.place]
        assert ending.colour != "green" and why in ending.text


def test_who_never_chooses_ends_in_harm_wherever_the_course_asks_for_the_simulation(shipped_folder):
    course = read_course(read_folder(shipped_folder))
    tables = {one: PlayTable(make_simulation(course, one, "zh-hans")) for one in course.meta.completion.not_red}
    lazy = {one: play(table, LAZY, lazy_player) for one, table in tables.items()}
    assert {played.done for played in lazy.values()} <= {0}
    assert all(played.ended.get("green", 0) == 0 and played.ended["red"] > 0.5 for played in lazy.values())


@pytest.mark.exhaustive
def test_saved_results_of_players_are_what_playing_gives():
    current = saved_results(course_folders(None))
    assert json.loads(SAVED.read_text()) == json.loads(current), "run manage.py play_simulations --save"
