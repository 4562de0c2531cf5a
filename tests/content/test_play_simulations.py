"""Command `play_simulations`, and random play of the shipped simulations."""

import io
from random import Random

import pytest
from django.core.management import CommandError, call_command

from courseware.content.management.commands.play_simulations import simulations_of
from courseware.content.releases.course_files import read_folder
from courseware.course_format.awaiting_review import awaits_review_whole
from courseware.course_format.course import read_course
from tests.content.test_commands import write_course
from tests.course_format.samples import damage, make_files

SOURCE = "01-water/02-drill.simulation.zh-hans.md"


def play(folder, **options):
    printed = io.StringIO()
    call_command("play_simulations", folder, stdout=printed, **options)
    return printed.getvalue().splitlines()


def test_command_prints_outcomes_and_length_per_simulation(tmp_path):
    write_course(tmp_path / "tea-room", make_files())
    assert play(tmp_path, runs=20) == [
        "| simulation | green | yellow | red | decisions | never met |",
        "|---|---:|---:|---:|---:|---|",
        "| drill | 100.0 % | 0.0 % | 0.0 % | 1.0 | – |",
    ]


def test_same_seed_gives_same_result(tmp_path):
    rare = '- [出去](#end "best") {calm=+5 set=out}'
    files = damage(SOURCE, '- [出去](#end "best") {calm=+5}', rare)
    files[SOURCE] = files[SOURCE].replace(b"{#out .green}", b"{#out .green if=out}")
    files[SOURCE] += "\n## 里面 {#in .red}\n\n烟。\n".encode()
    english = SOURCE.replace("zh-hans", "en")
    files[english] += b"\n## Inside {#in}\n\nSmoke.\n"
    write_course(tmp_path / "tea-room", files)
    first, again, other = play(tmp_path, runs=50), play(tmp_path, runs=50), play(tmp_path, runs=50, seed=2)
    assert first == again != other
    assert play(tmp_path, runs=1)[-1].endswith((" in |", " out |"))  # the situations this attempt did not reach


def test_simulation_with_errors_is_not_played(tmp_path):
    write_course(tmp_path / "tea-room", damage(SOURCE, '(#end "best")', '(#door "best")'))
    with pytest.raises(CommandError, match=r"(?s)02-drill.simulation.*Run check_content"):
        play(tmp_path)


def test_zero_runs_are_refused(tmp_path):
    with pytest.raises(CommandError, match="expected 1 or more"):
        play(tmp_path, runs=0)


# The shipped course


@pytest.mark.slow
@pytest.mark.only_if_changed("content/", "courseware/course_format/")
def test_critical_error_never_ends_in_no_harm(shipped_folder):
    """Skips simulations awaiting expert review: they are optional and may end well."""
    course = read_course(read_folder(shipped_folder))
    counting = [each for each in simulations_of(shipped_folder) if not awaits_review_whole(course.source(each.id).meta)]
    assert len(counting) > 5
    for simulation in counting:
        assert_critical_errors_do_not_end_well(simulation, Random(1))


def assert_critical_errors_do_not_end_well(simulation, random):
    endings = {True: set(), False: set()}  # had a critical error → outcomes
    for _ in range(1000):
        is_critical, ending = play_with_errors(simulation, random)
        endings[is_critical].add(simulation.endings_by_id[ending].colour)
    assert endings[True] and "green" not in endings[True], simulation.id
    assert "green" in endings[False], simulation.id


def play_with_errors(simulation, random):
    """Play one attempt; return whether it had a critical error, and the ending."""
    state, is_critical = simulation.begin(simulation.draw(random)), False
    while node := simulation.nodes.get(state.place):
        best, parts = simulation.best(state)
        errors = simulation.offered(state) + ([] if node.timeout is None else [node.timeout])  # the timeout counts, too
        position = best if random.random() < 0.8 else random.choice(errors)
        is_critical = is_critical or node.choices[position].worth == "critical"
        state = simulation.decide(state, position, parts)
    return is_critical, state.place
