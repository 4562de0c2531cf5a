"""What may be released: a clean checkout of a tag that says the version, with a dated changelog."""

import hashlib
import re
import subprocess
import tarfile
from datetime import date
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.only_if_changed(".ci/", "CHANGELOG.md", "pyproject.toml"),
]
ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 26)
CHANGELOG = "# Changelog\n\n## 0.3 · 26 November 2026\n\n- Tea.\n\n## 0.2 · 25 November 2026\n"


@pytest.fixture(scope="module")
def release():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / ".ci")
        import release

        yield release


@pytest.fixture
def checkout(tmp_path):
    """A project of version 0.3.0, committed and tagged."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "courseware"\nversion = "0.3.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "tests" / "upgrades").mkdir(parents=True)
    (tmp_path / "tests" / "upgrades" / "v0.3.json").write_text("{}")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    git(tmp_path, "tag", "v0.3")
    return tmp_path


def git(folder, *arguments):
    me = (
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "tag.gpgsign=false",
    )
    subprocess.run(["git", "-C", str(folder), *me, *arguments], check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Tea")


def test_where_everything_agrees_nothing_is_wrong(release, checkout):
    assert list(release.what_is_wrong(checkout, TODAY)) == []


@pytest.mark.parametrize(
    ("tag", "is_of_the_version"), [("v0.3.0", True), ("v0.3.1", False), ("0.3", False), ("latest", False)]
)
def test_the_tag_says_the_version(release, checkout, tag, is_of_the_version):
    git(checkout, "tag", "--delete", "v0.3")
    git(checkout, "tag", tag)
    wrong = list(release.what_is_wrong(checkout, TODAY))
    said = f"this commit has no tag of version 0.3.0, as pyproject.toml says; it has: {tag}"
    assert wrong == ([] if is_of_the_version else [said])


def test_a_commit_after_the_tag_is_not_the_tag(release, checkout):
    (checkout / "tea.txt").write_text("green")
    commit(checkout)
    [wrong] = release.what_is_wrong(checkout, TODAY)
    assert wrong.endswith("it has: none")


@pytest.mark.parametrize("name", ["tea.txt", "pyproject.toml"])
def test_what_is_not_committed_is_not_released(release, checkout, name):
    with (checkout / name).open("a") as file:
        file.write("# more\n")
    assert list(release.what_is_wrong(checkout, TODAY)) == ["the tree is not clean: `git status`"]


def test_a_version_without_its_small_firm_is_not_released(release, checkout):
    git(checkout, "rm", "--quiet", "tests/upgrades/v0.3.json")
    commit(checkout)
    git(checkout, "tag", "--force", "v0.3")
    assert list(release.what_is_wrong(checkout, TODAY)) == [
        "no later version could be tried on a database of 0.3.0: `make state`"
    ]


NO_DAY = "CHANGELOG.md has no day such as 26 November 2026 beside 0.3: "


@pytest.mark.parametrize(
    ("headings", "wrong"),
    [
        (["0.3 · 26 November 2026", "0.2 · 27 November 2026"], []),
        (["Unreleased", "0.3 · 26 November 2026"], ["CHANGELOG.md has lines under Unreleased still, or their heading"]),
        (["0.2 · 25 November 2026"], ["CHANGELOG.md is of 0.2, not of 0.3"]),
        (["0.3 · 27 November 2026"], ["CHANGELOG.md is dated ahead: 27 November 2026"]),
        (["0.3 · soon"], [f"{NO_DAY}'soon'"]),
        (["0.3"], [f"{NO_DAY}''"]),
    ],
)
def test_the_newest_part_of_the_changelog_is_of_this_version_and_dated(release, headings, wrong):
    text = "".join(f"## {heading}\n\n- Tea.\n\n" for heading in headings)
    assert list(release.wrong_in_the_changelog(text, Version("0.3"), TODAY)) == wrong


def test_what_is_released_is_the_sources_the_parts_and_the_sums_of_them(release, checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    assert [path.name for path in release.write_release(checkout, folder)] == [
        "courseware-0.3.0.tar.gz",
        "licences.txt",
        "sbom.json",
    ]
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "SHA256SUMS"
    }
    with tarfile.open(folder / "courseware-0.3.0.tar.gz") as sources:
        assert "courseware-0.3.0/CHANGELOG.md" in sources.getnames()


def test_the_workflow_of_the_host_runs_what_runs_here_and_may_read_only():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == ".ci/run"
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) for step in job["steps"] if "uses" in step)
