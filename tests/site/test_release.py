"""What may be released: a clean, tagged checkout with a dated changelog and known licenses.

`make lint` writes the list of parts and fails on an unknown license.
"""

import hashlib
import json
import re
import subprocess
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

pytestmark = [
    pytest.mark.slow,
    pytest.mark.only_if_changed(".ci/", "CHANGELOG.md", "pyproject.toml", "requirements/", "static/vendor/"),
]
ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 26)
CHANGELOG = "# Changelog\n\n## 0.3 · 26 November 2026\n\n- Tea.\n\n## 0.2 · 25 November 2026\n"
SHIPPED = ("run.txt", "postgres.txt", "redis.txt")


@pytest.fixture(scope="module", autouse=True)
def scripts_can_be_imported():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / ".ci")
        yield


@pytest.fixture
def release():
    import release

    return release


@pytest.fixture
def parts():
    import parts

    return parts


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
    me = ("user.name=A", "user.email=a@example.com", "commit.gpgsign=false", "tag.gpgsign=false")
    options = [option for setting in me for option in ("-c", setting)]
    subprocess.run(["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Tea")


def test_tagged_clean_checkout_can_be_released(release, checkout):
    assert list(release.what_is_wrong(checkout, TODAY)) == []


@pytest.mark.parametrize(
    ("tag", "is_of_the_version"), [("v0.3.0", True), ("v0.3.1", False), ("0.3", False), ("latest", False)]
)
def test_tag_must_match_version(release, tag, is_of_the_version):
    assert release.is_tag_of(Version("0.3.0"), tag) is is_of_the_version


def test_changes_after_tag_prevent_release(release, checkout):
    git(checkout, "rm", "--quiet", "tests/upgrades/v0.3.json")
    commit(checkout)
    (checkout / "tea.txt").write_text("green")
    assert list(release.what_is_wrong(checkout, TODAY)) == [
        "this commit has no tag of version 0.3.0, as pyproject.toml says; it has: none",
        "the tree is not clean: `git status`",
        "no later version could be tried on a database of 0.3.0: `make state`",
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
    ],
)
def test_changelog_must_begin_with_dated_version(release, headings, wrong):
    text = "".join(f"## {heading}\n\n- Tea.\n\n" for heading in headings)
    assert list(release.wrong_in_the_changelog(text, Version("0.3"), TODAY)) == wrong


def test_release_has_sources_parts_and_checksums(release, checkout, tmp_path_factory):
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


def pins(lock):
    lines = (ROOT / "requirements" / lock).read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if not line.startswith(" ")}


@pytest.mark.parametrize("lock", SHIPPED)
def test_operators_install_tested_versions(lock):
    assert pins(lock) <= pins("development.txt")


def test_parts_list_every_locked_package_with_license(parts):
    now = datetime(2026, 11, 26, tzinfo=UTC)
    listed = json.loads(parts.sbom(parts.all_parts(), now))["components"]
    packages = {f"{part['name']}=={part['version']}" for part in listed if part["purl"].startswith("pkg:pypi/")}
    assert packages == set().union(*map(pins, SHIPPED))
    assert [part["name"] for part in listed if not part["licenses"]] == []


@pytest.mark.parametrize(
    ("licence", "said"),
    [("", "read its licence"), ("AGPL-3.0-only", "AGPL-3.0-only is none"), ("MIT AND SSPL-1.0", "SSPL-1.0 is none")],
)
def test_unknown_or_unaccepted_license_is_refused(parts, licence, said):
    with pytest.raises(parts.NotShipped, match=f"^tea: .*{said}"):
        parts.refuse_unknown([parts.Part("tea", "1", "pypi", licence, ())])


@pytest.mark.parametrize("line", ["tea==1", "tea==1 \\\n    --hash=md5:00"])
def test_line_without_pinned_hash_is_refused(parts, line):
    with pytest.raises(parts.NotShipped, match="is not understood"):
        parts.locked(f"{line}\n")


def test_host_workflow_runs_ci_with_read_access():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == ".ci/run"
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) for step in job["steps"] if "uses" in step)
