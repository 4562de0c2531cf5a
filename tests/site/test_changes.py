"""Selection of slow tests by changed files."""

import subprocess
from types import SimpleNamespace

import pytest

from tests import changes
from tests.browser import selection
from tests.browser.selection import AT_MOST, REPRESENTATIVE, PageSelection, shared_sources
from tests.changes import CATALOGUE, Changes, changes_since, is_unchanged, patterns_without_files
from tests.site.routes import routes

BEFORE = 'msgid "Email"\nmsgstr "邮件"\n\nmsgid "Due in %(days)s days"\nmsgstr "还剩%(days)s天"\n'
AFTER = BEFORE.replace("邮件", "电子邮件")


def git(folder, *arguments):
    me = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *me, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    for name in ("kept.txt", "edited.txt", "deleted.txt", CATALOGUE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BEFORE if name == CATALOGUE else name, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=Base")
    return tmp_path


def test_changes_are_edited_deleted_and_untracked_files(repository):
    (repository / "edited.txt").write_text("edited")
    (repository / "deleted.txt").unlink()
    (repository / "new.txt").write_text("new")
    assert changes_since("HEAD", repository) == Changes(frozenset({"edited.txt", "deleted.txt", "new.txt"}))


def test_changed_translations_are_listed(repository):
    (repository / CATALOGUE).write_text(AFTER, encoding="utf-8")
    assert changes_since("HEAD", repository) == Changes(frozenset({CATALOGUE}), frozenset({"电子邮件"}))


def test_moved_catalogue_counts_as_changed(repository):
    git(repository, "mv", CATALOGUE, "old.po")
    git(repository, "commit", "--quiet", "--message=Move")
    (repository / CATALOGUE).parent.mkdir(parents=True, exist_ok=True)
    (repository / CATALOGUE).write_text(AFTER, encoding="utf-8")
    assert changes_since("HEAD", repository).translations == {"电子邮件", "还剩%(days)s天"}


@pytest.mark.parametrize(
    ("changed", "is_left_out"),
    [
        ({"docs/help/hr.en.md"}, False),
        ({"courseware/jobs/management/commands/work.py"}, False),
        ({"courseware/jobs/models.py", "old/docs/help/hr.en.md"}, True),
        (set(), True),
    ],
)
def test_marked_test_runs_if_named_file_changed(monkeypatch, changed, is_left_out):
    marker = pytest.mark.only_if_changed("docs/", "courseware/*/management/").mark
    item = SimpleNamespace(get_closest_marker=lambda name: marker if name == "only_if_changed" else None)
    monkeypatch.setattr(changes, "_changes", Changes(frozenset(changed)))
    assert is_unchanged(item) is is_left_out


def test_patterns_without_files_are_reported():
    marker = pytest.mark.only_if_changed("docs/", "courseware/*/migrations/", "courseware/renamed/").mark
    items = [
        SimpleNamespace(get_closest_marker=lambda name: marker),
        SimpleNamespace(get_closest_marker=lambda name: None),
    ]
    assert patterns_without_files(items) == {"courseware/renamed/"}


def test_every_test_runs_without_base_commit(monkeypatch):
    item = SimpleNamespace(get_closest_marker=lambda name: pytest.mark.only_if_changed("docs/").mark)
    monkeypatch.setattr(changes, "_changes", None)
    assert not is_unchanged(item)


class RenderedPage:
    """A page that is open in a browser."""

    def __init__(self, path, *, static="/static/css/people.css", text=""):
        self.url = f"http://localhost:8000{path}"
        self.results = {selection.STATIC_FILES: [f"http://localhost:8000{static}"], selection.TEXT: text}

    def evaluate(self, script):
        return self.results[script]


@pytest.fixture
def is_examined():
    """is_examined(page, files, translations, templates) asks a new selection about one page."""

    def ask(page, *files, translations=(), templates=()):
        chosen = PageSelection(Changes(frozenset(files), frozenset(translations)))
        chosen.rendered = set(templates)
        return chosen.includes(page)

    return ask


MERGES = "/people/merges/"  # not representative


def test_page_is_examined_if_its_sources_changed(is_examined):
    assert is_examined(RenderedPage(MERGES), "courseware/hr/people/account_merge_views.py")
    assert is_examined(RenderedPage("/people/3/absences/"), "courseware/hr/people/absence_views.py")
    assert is_examined(RenderedPage("/accounts/code/"), "courseware/accounts/sign_in/forms.py")
    assert is_examined(RenderedPage("/people/actions/exempt/"), "courseware/learning/manager_actions/exemption.py")
    assert not is_examined(RenderedPage("/people/actions/exempt/"), "courseware/learning/manager_actions/extension.py")
    assert is_examined(RenderedPage(MERGES), "templates/hr/merges.html", templates=["hr/merges.html"])
    assert is_examined(RenderedPage(MERGES), "static/css/people.css")
    assert is_examined(RenderedPage(MERGES, text="设置 电子邮件"), CATALOGUE, translations=["电子邮件"])
    assert is_examined(RenderedPage(MERGES, text="还剩 3 天"), CATALOGUE, translations=["还剩 <b>%(days)s</b> 天"])


def test_page_is_examined_if_included_template_changed(is_examined):
    page = RenderedPage("/team/follow-ups/")
    assert is_examined(page, "templates/reporting/_row.html", templates=["reporting/dashboard.html"])
    assert not is_examined(page, "templates/reporting/_row.html", templates=["hr/merges.html"])


def test_other_changes_examine_only_representative_pages(is_examined):
    others = [
        "courseware/assignments/rules/views.py",
        "templates/reporting/dashboard.html",
        "static/css/rules.css",
        CATALOGUE,
    ]
    page = RenderedPage(MERGES, text="设置")
    assert not is_examined(page, *others, translations=["电子邮件"], templates=["hr/merges.html"])


def test_shared_sources_are_shown_by_representative_pages(is_examined):
    assert {"templates/base.html", "static/css/site.css"} <= shared_sources()
    assert "static/css/people.css" not in shared_sources()
    shared = ["templates/base.html", "static/css/site.css"]
    assert not is_examined(RenderedPage(MERGES, static="/static/css/site.css"), *shared, templates=["base.html"])
    assert is_examined(RenderedPage("/people/"), *shared)


def test_representative_pages_are_always_examined(is_examined):
    assert is_examined(RenderedPage("/"))
    assert is_examined(RenderedPage("/learn/tea-room/boiling/"))
    assert not is_examined(RenderedPage("/nowhere/"))


def test_changed_pages_are_limited_and_others_counted():
    chosen = PageSelection(Changes(frozenset({"static/css/people.css"})))
    pages = [chosen.includes(RenderedPage(MERGES)) for _ in range(AT_MOST + 2)]
    assert pages == [True] * AT_MOST + [False] * 2
    assert chosen.left_out == 2
    assert chosen.includes(RenderedPage("/people/"))


def test_representative_pages_are_40_existing_ones():
    assert len(REPRESENTATIVE) == 40
    assert REPRESENTATIVE - {route for route, _pattern in routes()} == set()
