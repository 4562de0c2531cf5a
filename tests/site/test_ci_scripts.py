"""`.ci/run` and `make deep`: failures, output of parts, resuming."""

import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Prints the command it stands for in two lines with a pause between, and fails if FAIL is a part of the command.
STUB = """#!/bin/bash
command="$(basename "$0") $*"
echo "begin $command"
[ "$*" = "true" ] || sleep 0.05
echo "end $command"
[ -z "$FAIL" ] || [[ $command != *$FAIL* ]]
"""


@pytest.fixture
def clone(tmp_path):
    """A repository with `.ci/run`; everything it calls is a stub."""
    for name in (".ci/strace", ".ci/clock", ".ci/nginx", ".ci/node", ".ci/redis", ".ci/postgres", ".ci/deployment"):
        write_stub(tmp_path / name)
    write_stub(tmp_path / ".venv/bin/python")
    write_stub(tmp_path / "bin/make")
    shutil.copy2(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_tea.py").write_text("@pytest.mark.slow\n@pytest.mark.faults\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for day in (1, 2, 3):
        commit(tmp_path, f"2026-11-0{day}T12:00:00Z")
    return tmp_path


def write_stub(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STUB)
    path.chmod(0o755)


def git(folder, *arguments, **environment):
    me = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", folder, *me, *arguments]
    ran = subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def commit(folder, instant):
    (folder / "day").write_text(instant)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Tea", GIT_COMMITTER_DATE=instant)


def run(clone, **environment):
    path = f"{clone / 'bin'}:{os.environ['PATH']}"
    settings = {"PATH": path, "FAIL": "", "BASE": ""} | environment
    return subprocess.run([clone / ".ci/run"], env=os.environ | settings, capture_output=True, text=True, check=False)


BESIDE = ("make lint", "the site as it is deployed", "counting in Redis")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fail", "name", "is_beside"),
    [
        ("make lint", "make lint", True),
        ("-m faults and not deep", "faults", False),
    ],
)
def test_failed_part_fails_run_after_parallel_parts(clone, fail, name, is_beside):
    ran = run(clone, FAIL=fail)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "failed: " + name + (" (beside the faults)" if is_beside else "")
    for part in (*BESIDE, "faults"):
        assert f"== {part}\n" in ran.stdout
    assert "== PostgreSQL" not in ran.stdout


def test_failed_test_stops_run(clone):
    ran = run(clone, FAIL="make test")
    assert ran.returncode == 1
    assert re.findall("^== (?!what)(.+)$", ran.stdout, re.MULTILINE) == ["make test"]


def base_of(ran):
    [commits] = {*re.findall(r"--changed-since=(\w+)", ran.stdout)}
    return commits


@pytest.mark.slow
def test_base_on_main_is_one_day_older(clone):
    commit(clone, "2026-11-03T13:00:00Z")
    assert base_of(run(clone)) == git(clone, "rev-parse", "HEAD~2")


@pytest.mark.slow
def test_base_on_branch_is_where_it_left_main(clone):
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    assert base_of(run(clone)) == git(clone, "rev-parse", "HEAD~1")
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert base_of(run(clone)) == git(clone, "rev-parse", "HEAD~1")  # as without that branch: a day older


# make deep ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def deep(tmp_path, monkeypatch):
    loader = importlib.machinery.SourceFileLoader("deep", str(ROOT / ".ci/deep"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("deep", loader))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "deep")
    module.FOLDER.mkdir()
    return module


PARTS = {"one": "echo one >>ran", "two": "echo two >>ran; echo why; exit 3", "three": "echo three >>ran"}


def run_deep(deep, *asked, commit="abc", parts=PARTS, commit_now=None):
    state = deep.State(deep.FOLDER / "state.json", commit)
    return deep.run_parts(parts, list(asked), state, lambda: commit_now or commit)


def ran_by(deep):
    return (deep.ROOT / "ran").read_text().split()


def test_failed_part_stops_no_other_but_fails_all(deep, capsys):
    assert run_deep(deep) == 1
    assert ran_by(deep) == ["one", "two", "three"]
    kept = json.loads((deep.FOLDER / "state.json").read_text())
    assert kept["commit"] == "abc"
    assert {part: result["status"] for part, result in kept["parts"].items()} == {"one": 0, "two": 3, "three": 0}
    assert (deep.FOLDER / "two.log").read_text().endswith("why\n")
    printed = capsys.readouterr().out
    assert "| two | failed (3) | 0 |" in printed
    assert "make deep PARTS=two" in printed


def test_finished_parts_run_again_if_named_or_on_new_commit(deep):
    run_deep(deep)
    assert run_deep(deep) == 1
    assert ran_by(deep) == ["one", "two", "three"]
    assert run_deep(deep, "two", parts=PARTS | {"two": "echo mended >>ran"}) == 0
    assert ran_by(deep) == ["one", "two", "three", "mended"]
    run_deep(deep, commit="def")
    assert ran_by(deep) == ["one", "two", "three", "mended", "one", "two", "three"]


def test_interrupted_run_resumes_at_its_part(deep, monkeypatch):
    run_part = deep.run

    def interrupted(part, command):
        if part == "two":
            raise KeyboardInterrupt
        return run_part(part, command)

    monkeypatch.setattr(deep, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_deep(deep)
    monkeypatch.setattr(deep, "run", run_part)
    assert run_deep(deep) == 1
    assert ran_by(deep) == ["one", "two", "three"]


def test_part_with_changed_files_is_not_recorded(deep):
    assert run_deep(deep, commit_now="abc-dirty") == 1
    assert run_deep(deep) == 1
    assert ran_by(deep) == ["one", "one", "two", "three"]


def test_parts_require_the_tools_of_their_tests(deep, monkeypatch):
    required = ("REQUIRE_BROWSER", "REQUIRE_DISKS", "REQUIRE_CLOCK")
    for name in required:
        monkeypatch.delenv(name, raising=False)
    assert run_deep(deep, parts={"pages": f"echo ${' $'.join(required)} >>ran"}) == 0
    assert ran_by(deep) == ["1", "1", "1"]


@pytest.mark.parametrize("changed", ["day", "new"])
def test_uncommitted_changes_are_refused(changed, deep, monkeypatch, capsys):
    git(deep.ROOT, "init", "--quiet")
    commit(deep.ROOT, "2026-11-01T12:00:00Z")
    assert deep.checked_out() == git(deep.ROOT, "rev-parse", "HEAD")[:12]
    (deep.ROOT / changed).write_text("changed")
    monkeypatch.setattr("sys.argv", ["deep"])
    monkeypatch.setattr(deep, "PARTS", PARTS)
    with pytest.raises(SystemExit):
        deep.main()
    assert "commit or stash" in capsys.readouterr().err
    assert not (deep.ROOT / "ran").exists()
