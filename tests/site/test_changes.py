"""Slow tests of unchanged code are left to `make deep`; what must run before each merge is not."""

import subprocess
from types import SimpleNamespace

import pytest

from tests import changes
from tests.browser.selection import REPRESENTATIVE, PageSelection, shared_sources
from tests.changes import Changes, changes_since, is_unchanged, patterns_without_files
from tests.site.routes import routes


def git(folder, *arguments):
    me = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *me, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    for name in ("kept.txt", "edited.txt", "deleted.txt"):
        (tmp_path / name).write_text(name)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=Base")
    return tmp_path


def test_changes_are_edited_deleted_and_untracked_files(repository):
    (repository / "edited.txt").write_text("edited")
    (repository / "deleted.txt").unlink()
    (repository / "new.txt").write_text("new")
    assert changes_since("HEAD", repository) == Changes(frozenset({"edited.txt", "deleted.txt", "new.txt"}))


@pytest.mark.parametrize(
    ("changed", "is_left_out"),
    [
        ({"docs/hr.md"}, False),
        ({"courseware/jobs/management/commands/work.py"}, False),
        ({"courseware/jobs/models.py", "old/docs/hr.md"}, True),
        (set(), True),
    ],
)
def test_a_test_runs_if_a_file_it_names_changed(monkeypatch, changed, is_left_out):
    marker = pytest.mark.only_if_changed("docs/", "courseware/*/management/").mark
    item = SimpleNamespace(get_closest_marker=lambda name: marker if name == "only_if_changed" else None)
    monkeypatch.setattr(changes, "_changes", Changes(frozenset(changed)))
    assert is_unchanged(item) is is_left_out


def test_patterns_that_name_no_file_are_reported():
    marker = pytest.mark.only_if_changed("docs/", "courseware/*/migrations/", "courseware/renamed/").mark
    items = [
        SimpleNamespace(get_closest_marker=lambda name: marker),
        SimpleNamespace(get_closest_marker=lambda name: None),
    ]
    assert patterns_without_files(items) == {"courseware/renamed/"}


class Page:
    """What a browser tells of a page that is open."""

    def __init__(self, path, *, static="/static/css/people.css"):
        self.url = f"http://localhost:8000{path}"
        self.static_files = [f"http://localhost:8000{static}"]

    def evaluate(self, _script):
        return self.static_files


@pytest.fixture
def is_examined():
    """is_examined(page, *changed files, templates) asks a new selection about one page."""

    def ask(page, *files, templates=()):
        chosen = PageSelection(Changes(frozenset(files)))
        chosen.rendered = set(templates)
        return chosen.includes(page)

    return ask


MERGES = "/people/merges/"  # not representative


def test_a_page_is_examined_if_something_behind_it_changed(is_examined):
    page = Page(MERGES)
    assert is_examined(page, "courseware/assignments/merging.py")
    assert is_examined(page, "templates/assignments/merges.html", templates=["assignments/merges.html"])
    assert is_examined(page, "templates/reporting/_row.html", templates=["reporting/board.html"])
    assert is_examined(page, "static/css/people.css")


def test_other_changes_examine_no_page_that_is_not_representative(is_examined):
    others = ["courseware/assignments/rule_pages.py", "templates/reporting/board.html", "static/css/rules.css"]
    assert not is_examined(Page(MERGES), *others, templates=["assignments/merges.html"])
    assert not is_examined(Page("/nowhere/"))


def test_what_every_page_has_is_shown_by_representative_pages(is_examined):
    shared = ["templates/base.html", "static/css/site.css"]
    assert set(shared) <= shared_sources()
    assert not is_examined(Page(MERGES, static="/static/css/site.css"), *shared, templates=["base.html"])
    assert is_examined(Page("/people/"), *shared)


def test_representative_pages_exist():
    assert REPRESENTATIVE - {route for route, _pattern in routes()} == set()
