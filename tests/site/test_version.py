"""Version and commit are shown to operators only."""

import re
import subprocess

import pytest

from courseware.project import version
from tests.site.test_settings import ROOT

COMMIT = "c0ffee" + "0123456789" * 3
IN_PROJECT = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]


@pytest.fixture(autouse=True)
def known_commit(settings):
    settings.COMMIT = COMMIT
    version.commit.cache_clear()
    yield
    version.commit.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("role", ["admin", "editor"])
def test_admin_footer_shows_version_and_commit(role, client, world):
    client.force_login(world.people[role])
    for page in ("/admin/", "/admin/content/document/"):
        assert f"Courseware {IN_PROJECT} (c0ffee012345)" in client.get(page).text


def version_leaks(response):
    """A finding if headers or body name the version or commit."""
    content = str(response.headers) + ("" if response.streaming else response.content.decode(errors="replace"))
    if COMMIT[:6] in content or IN_PROJECT in content:
        yield "it tells the version"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nowhere/", "/accounts/login/"])
def test_public_pages_hide_version(path, client, world):
    """test_access.py covers all routes."""
    assert list(version_leaks(client.get(path))) == []


def test_version_leak_is_found(client, world):
    client.force_login(world.people["admin"])
    assert list(version_leaks(client.get("/admin/"))) == ["it tells the version"]


def test_environment_overrides_git_commit(settings):
    assert version.commit() == "c0ffee012345"
    settings.COMMIT = ""
    version.commit.cache_clear()
    asked = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    in_git = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    assert version.commit() == (in_git[:12] or "unknown")


def test_folder_without_checkout_has_no_commit(settings, tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    settings.COMMIT, settings.BASE_DIR = "", tmp_path / "inside"
    settings.BASE_DIR.mkdir()
    version.commit.cache_clear()
    assert version.commit() == "unknown"
