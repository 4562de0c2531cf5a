"""Rules for the courses in content/ beyond the file format."""

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
@pytest.mark.slow
@pytest.mark.only_if_changed("content/", "courseware/content/", "courseware/course_format/")
@pytest.mark.any_database
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_no_asterisk_is_mistaken_for_emphasis(folder, db):
    release, misplaced = make_course(read_folder(folder)).current, []
    for language in ("zh-hans", "en"):
        for step in store.outline(release, language).steps:
            page = json.dumps(store.page(release, step.id, language).data, ensure_ascii=False)
            misplaced += [(step.id, text) for _tag, text in EMPHASIS.findall(page) if text[0] in "”’」，。；、,;."]
    assert misplaced == []


SENTENCES = {
    "en": ("README.md", "{lessons} lessons, {simulations} simulations and an exam, about {time} of it required,"),
    "zh-hans": ("README.zh-hans.md", "{lessons}节课，{simulations}场演练，一次考核，必学的约{time}，"),
}


@pytest.mark.parametrize("language", SENTENCES)
def test_readme_states_course_contents_and_required_time(shipped_folder, language):
    outline = read_outline(compile_outline(read_course(read_folder(shipped_folder)), language))
    kinds = Counter(step.kind for step in outline.steps)
    readme, sentence = SENTENCES[language]
    with translation.override(language):
        time = minutes_text_of(outline.minutes_left())
    expected = sentence.format(lessons=kinds["lesson"], simulations=kinds["simulation"], time=time)
    assert "".join(expected.split()) in "".join(Path(readme).read_text(encoding="utf-8").split()), expected


@pytest.mark.shipped
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_course_survives_import_and_export(folder, db):
    files = read_folder(folder)
    assert bodies(import_course(files).course) == files


def test_every_content_folder_is_named_after_its_course(settings):
    folders = [path for path in settings.CONTENT_DIR.iterdir() if path.is_dir()]
    assert sorted(folders) == SHIPPED
    assert [read_course(read_folder(folder)).id for folder in SHIPPED] == [folder.name for folder in SHIPPED]


def test_jurisdiction_numbers_are_never_written_out(shipped_folder):
    """No public number of the jurisdiction file is written out in another document."""
    files = read_folder(shipped_folder)
    listed = read_course(files).documents["jurisdiction"]["en"].entries
    numbers = {entry.text for entry in listed if entry.text.isdecimal()}
    assert len(numbers) > 5
    for language in ("en", "zh-hans"):
        path = f"jurisdiction.{language}.md"
        files[path] = re.sub(rb"^- \d+ ", b"- 9999 ", files[path], flags=re.MULTILINE)
    number = re.compile(rf"(?<![\d,.])(?:{'|'.join(numbers)})(?![\d%]|[.,]\d)")
    compressions = re.compile("100 (?:to|到) 120")  # per minute
    left = [
        (document.path, line.text)
        for languages in read_course(files).documents.values()
        for document in languages.values()
        if document.kind not in ("sources", "outline")
        for line in document.lines
        if number.search(re.sub(r"#[\w-]+|" + compressions.pattern, "", line.text))
    ]
    assert left == []


def test_timed_simulations_have_critical_timeout(shipped_folder):
    course = read_course(read_folder(shipped_folder))
    simulations = [make_simulation(course, document.id, "zh-hans") for document in course.of_kind("simulation")]
    marked = {
        simulation.id: [node.id for node in simulation.nodes.values() if timeout_rating(node) == "critical"]
        for simulation in simulations
        if simulation.is_timed
    }
    assert all(marked.values()), marked


def timeout_rating(node):
    return next((choice.worth for choice in node.choices if choice.is_timeout), "")


@pytest.mark.parametrize(
    ("language", "street", "why"), [("zh-hans", "青禾路", "说出地址"), ("en", "Qinghe", "gave the address")]
)
def test_fire_call_without_address_never_ends_in_no_harm(shipped_folder, language, street, why):
    simulation = make_simulation(read_course(read_folder(shipped_folder)), "alarm-mid-call", language)
    for flags in (set(), {"cut"}):
        state = simulation.begin(flags)
        while node := simulation.nodes.get(state.place):
            position, parts = simulation.best(state)
            state = simulation.decide(state, position, [part for part in parts if street not in node.parts[part].text])
        ending = simulation.endings_by_id[state.place]
        assert ending.colour != "green" and why in ending.text


def test_required_simulations_end_in_harm_without_decisions(shipped_folder):
    course = read_course(read_folder(shipped_folder))
    tables = {name: PlayTable(make_simulation(course, name, "zh-hans")) for name in course.meta.completion.not_red}
    lazy = {name: play(table, LAZY, lazy_player) for name, table in tables.items()}
    assert {played.done for played in lazy.values()} <= {0}
    assert all(played.ended.get("green", 0) == 0 and played.ended["red"] > 0.5 for played in lazy.values())


@pytest.mark.slow
@pytest.mark.only_if_changed("content/", "courseware/course_format/")
def test_saved_baseline_results_are_current():
    current = saved_results(course_folders(None))
    assert json.loads(SAVED.read_text()) == json.loads(current), "run manage.py play_simulations --save"
