"""Check that the checkout may be released, and write the files of the release: see docs/releasing.md.

Usage: .ci/release.py In a clean checkout of the tag; writes into var/release/.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version
from parts import NotShipped, write_into

ROOT = Path(__file__).resolve().parent.parent
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True).stdout


def version_of(root: Path) -> Version:
    return Version(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def is_tag_of(version: Version, tag: str) -> bool:
    try:
        return tag.startswith("v") and Version(tag) == version
    except InvalidVersion:
        return False


def what_is_wrong(root: Path, today: date) -> Iterator[str]:
    """Yield a sentence for each reason against a release."""
    version = version_of(root)
    tags = git(root, "tag", "--points-at", "HEAD").split()
    if not any(is_tag_of(version, tag) for tag in tags):
        found = ", ".join(tags) or "none"
        yield f"this commit has no tag of version {version}, as pyproject.toml says; it has: {found}"
    if git(root, "status", "--porcelain"):
        yield "the tree is not clean: `git status`"
    yield from wrong_in_the_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8"), version, today)
    states = [path.stem for path in (root / "tests" / "upgrades").glob("v*.json")]
    if not any(is_tag_of(version, state) for state in states):
        yield f"no later version could be tried on a database of {version}: `make state`"


def wrong_in_the_changelog(text: str, version: Version, today: date) -> Iterator[str]:
    headings = HEADING.findall(text)
    if "Unreleased" in headings:
        yield "CHANGELOG.md has lines under Unreleased still, or their heading"
    newest = next((heading for heading in headings if heading != "Unreleased"), "")
    number, _, day = newest.partition(" · ")
    if not is_tag_of(version, f"v{number}"):
        yield f"CHANGELOG.md is of {number or 'no version'}, not of {version}"
    try:
        if datetime.strptime(day, "%d %B %Y").replace(tzinfo=UTC).date() > today:
            yield f"CHANGELOG.md is dated ahead: {day}"
    except ValueError:
        yield f"CHANGELOG.md has no day such as 26 November 2026 beside {number or 'its version'}: {day!r}"


def write_release(root: Path, folder: Path) -> list[Path]:
    """Write SBOM, licences, source archive and checksums; return their paths."""
    write_into(folder)
    name = f"courseware-{version_of(root)}"
    git(root, "archive", "--format=tar.gz", f"--prefix={name}/", f"--output={folder / f'{name}.tar.gz'}", "HEAD")
    files = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    return files


def main() -> None:
    if wrong := list(what_is_wrong(ROOT, datetime.now(UTC).date())):
        sys.exit("\n".join(wrong))
    try:
        files = write_release(ROOT, ROOT / "var" / "release" / str(version_of(ROOT)))
    except NotShipped as reason:
        sys.exit(str(reason))
    print("\n".join(str(path.relative_to(ROOT)) for path in files))


if __name__ == "__main__":
    main()
