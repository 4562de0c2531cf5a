"""What changed since a commit, so that `.ci/run` can leave slow tests of unchanged code to `make deep`.

A pytest plugin: `-p tests.changes --changed-since=COMMIT`. A test marked `only_if_changed("docs/", …)` then runs only
if the path of a changed file begins with one of these patterns. Tests in a browser ask `current()` about each page; see
tests/browser/selection.py. Without the option every test runs in full.
"""

import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = "courseware/locale/zh_Hans/LC_MESSAGES/django.po"
_changes = None


@dataclass(frozen=True)
class Changes:
    """Paths of changed files, relative to the root, and translations that are new or differ."""

    files: frozenset[str]
    translations: frozenset[str] = frozenset()

    def touch(self, *patterns: str) -> bool:
        return any(fnmatchcase(file, f"{pattern}*") for file in self.files for pattern in patterns)


def current() -> Changes | None:
    """None if every test is to run in full."""
    return _changes


def changes_since(commit: str, root: Path = ROOT) -> Changes:
    """Differences between the commit and the working tree, untracked files included."""
    files = git(root, "diff", "--name-only", "--no-renames", commit).splitlines()
    files += git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    return Changes(frozenset(files), changed_translations(commit, root) if CATALOGUE in files else frozenset())


def changed_translations(commit: str, root: Path) -> frozenset[str]:
    """All translations if the catalogue is new or was moved."""
    was_there = git(root, "ls-tree", "--name-only", commit, "--", CATALOGUE)
    before = translations(git(root, "show", f"{commit}:{CATALOGUE}")) if was_there else {}
    now = translations((root / CATALOGUE).read_text(encoding="utf-8"))
    return frozenset(text for key, text in now.items() if text and before.get(key) != text)


def translations(catalogue: str) -> dict[tuple[str | None, str], str]:
    entries = polib.pofile(catalogue)
    return {(entry.msgctxt, entry.msgid): entry.msgstr or "".join(entry.msgstr_plural.values()) for entry in entries}


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", root, *arguments], check=True, capture_output=True, text=True).stdout


def pytest_addoption(parser):
    parser.addoption("--changed-since", metavar="COMMIT", help="leave slow tests of what did not change since then out")


def pytest_configure(config):
    global _changes
    commit = config.getoption("changed_since")
    _changes = changes_since(commit) if commit else None


def pytest_collection_modifyitems(config, items):
    if _changes and (unknown := patterns_without_files(items)):
        raise pytest.UsageError(f"only_if_changed names no file: {', '.join(sorted(unknown))}")
    left_out = [item for item in items if is_unchanged(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def patterns_without_files(items) -> set[str]:
    """A test that names only files that were renamed would never run."""
    tree = Changes(frozenset(git(ROOT, "ls-files").splitlines()))
    markers = filter(None, (item.get_closest_marker("only_if_changed") for item in items))
    return {pattern for marker in markers for pattern in marker.args if not tree.touch(pattern)}


def is_unchanged(item) -> bool:
    marker = item.get_closest_marker("only_if_changed")
    return bool(_changes and marker and not _changes.touch(*marker.args))
