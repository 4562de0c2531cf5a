"""The list of what is shipped of others: all of the locks, nothing else, and no licence that nobody has read."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.only_if_changed(".ci/", "requirements/", "static/vendor/", "courseware/lib/fonts/"),
]
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("run.txt", "postgres.txt", "redis.txt")
NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture(scope="module")
def parts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / ".ci")
        import parts

        yield parts


@pytest.fixture
def listed(parts):
    return json.loads(parts.sbom(parts.all_parts(), NOW))


def in_the_locks():
    """ "name==version" → how many files have a hash, read line by line."""
    found, last = {}, ""
    for lock in SHIPPED:
        for line in (ROOT / "requirements" / lock).read_text(encoding="utf-8").splitlines():
            if line.startswith("    --hash=sha256:"):
                found[last].add(line.strip(" \\"))
            else:
                last = line.split()[0]
                found.setdefault(last, set())
    return {name: len(lines) for name, lines in found.items()}


def test_the_list_has_every_package_of_the_locks_with_its_hashes_and_no_other(listed):
    packages = {
        f"{part['name']}=={part['version']}": len(part["externalReferences"][0]["hashes"])
        for part in listed["components"]
        if part["purl"].startswith("pkg:pypi/")
    }
    assert packages == in_the_locks()
    assert len(packages) > 30


def pins(lock):
    lines = (ROOT / "requirements" / lock).read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if not line.startswith(" ")}


@pytest.mark.parametrize("lock", SHIPPED)
def test_operators_install_the_versions_that_are_tested(lock):
    assert pins(lock) <= pins("development.txt")


def test_the_list_has_every_script_and_font_of_others_with_the_hash_it_is_kept_by(listed):
    kept = re.findall(r"^(\w+)  \./(.+\.js)$", (ROOT / "static/vendor/SHA256SUMS").read_text(), re.MULTILINE)
    font_sums = (ROOT / "courseware/lib/fonts/SHA256SUMS").read_text()
    kept += sorted(re.findall(r"^(\w+)  \./(.+\.xz)$", font_sums, re.MULTILINE), key=lambda line: line[1])
    scripts = [part for part in listed["components"] if part["purl"].startswith("pkg:npm/")]
    scripts.sort(key=lambda part: part["name"] != "htmx.org")
    hashes = [each["content"] for part in scripts for each in part["externalReferences"][0]["hashes"]]
    assert hashes == [digest for digest, _file in kept]
    assert [(part["name"], part["version"]) for part in scripts] == [
        ("htmx.org", "2.0.11"),
        ("@expo-google-fonts/noto-sans-sc", "0.4.3"),
    ]


def test_every_part_has_a_licence_and_belongs_to_the_product(listed):
    assert [part["name"] for part in listed["components"] if not part["licenses"]] == []
    product = listed["metadata"]["component"]["bom-ref"]
    [depends] = [each["dependsOn"] for each in listed["dependencies"] if each["ref"] == product]
    assert sorted(depends) == sorted(part["bom-ref"] for part in listed["components"])


def test_the_same_parts_are_the_same_list_to_the_byte(parts):
    assert parts.sbom(parts.all_parts(), NOW) == parts.sbom(parts.all_parts(), NOW)


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("", "read its licence"),
        ("AGPL-3.0-only", "AGPL-3.0-only is none"),
        ("MIT AND SSPL-1.0", "SSPL-1.0 is none"),
        ("MIT OR Apache-2.0", None),
    ],
)
def test_a_licence_that_is_unknown_or_not_taken_stops_it(parts, licence, said):
    part = parts.Part("tea", "1", "pypi", licence, ())
    if said:
        with pytest.raises(parts.NotShipped, match=f"^tea: .*{said}"):
            parts.refuse_unknown([part])
    else:
        parts.refuse_unknown([part])


def test_no_licence_is_kept_of_a_package_that_is_not_shipped(parts):
    assert {*parts.READ} - {part.name for part in parts.all_parts()} == set()


def test_a_package_that_says_no_licence_has_none(parts, monkeypatch):
    monkeypatch.setattr(parts, "READ", {})
    without = {part.name for part in parts.packages() if not part.licence}
    assert without >= {"fido2", "async-timeout"}  # says three in words; is not installed here
    with pytest.raises(parts.NotShipped, match="read its licence"):
        parts.all_parts()


@pytest.mark.parametrize("line", ["tea", "tea>=1", "tea==1", "-r other.txt", "tea==1 \\\n    --hash=md5:00"])
def test_a_line_without_a_pinned_hash_is_not_passed_over(parts, line):
    with pytest.raises(parts.NotShipped, match="is not understood"):
        parts.locked(f"{line}\n")
