"""`manage.py play_simulations`: how runs of chance end."""

import io

import pytest
from django.core.management import CommandError, call_command

from tests.content.samples import damage, make_files
from tests.content.test_checking import write_course

SOURCE = "01-water/02-drill.simulation.zh-hans.md"


def play(folder, **options):
    printed = io.StringIO()
    call_command("play_simulations", folder, stdout=printed, **options)
    return printed.getvalue().splitlines()


def test_each_simulation_gets_a_row_with_its_endings_and_the_length_of_its_runs(tmp_path):
    write_course(tmp_path / "tea-room", make_files())
    assert play(tmp_path, runs=20) == [
        "| simulation | green | yellow | red | decisions | never met |",
        "|---|---:|---:|---:|---:|---|",
        "| drill | 100.0 % | 0.0 % | 0.0 % | 1.0 | – |",
    ]


def test_the_same_seed_plays_the_same_runs(tmp_path):
    rare = '- [出去](#end "best") {calm=+5 set=out}'
    files = damage(SOURCE, '- [出去](#end "best") {calm=+5}', rare)
    files[SOURCE] = files[SOURCE].replace(b"{#out .green}", b"{#out .green if=out}")
    files[SOURCE] += "\n## 里面 {#in .red}\n\n烟。\n".encode()
    english = SOURCE.replace("zh-hans", "en")
    files[english] += b"\n## Inside {#in}\n\nSmoke.\n"
    write_course(tmp_path / "tea-room", files)
    first, again, other = play(tmp_path, runs=50), play(tmp_path, runs=50), play(tmp_path, runs=50, seed=2)
    assert first == again != other
    assert play(tmp_path, runs=1)[-1].endswith((" in |", " out |"))  # where this one run did not come


def test_what_the_checker_refuses_is_not_played(tmp_path):
    write_course(tmp_path / "tea-room", damage(SOURCE, '(#end "best")', '(#door "best")'))
    with pytest.raises(CommandError, match=r"(?s)02-drill.simulation.*Run check_content"):
        play(tmp_path)


def test_no_run_at_all_is_refused(tmp_path):
    with pytest.raises(CommandError, match="expected 1 or more"):
        play(tmp_path, runs=0)
