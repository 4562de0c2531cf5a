"""Which version and commit runs: told to whoever runs the site, and to nobody else."""

import re
import subprocess

import pytest

from courseware.project import version
from tests.site.test_settings import ROOT

COMMIT = "c0ffee" + "0123456789" * 3
IN_PROJECT = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]


@pytest.fixture(autouse=True)
def a_known_commit(settings):
    settings.COMMIT = COMMIT
    version.commit.cache_clear()
    yield
    version.commit.cache_clear()


@pytest.mark.parametrize("role", ["admin", "editor"])
def test_the_foot_of_the_admin_says_the_version_of_the_project_and_the_commit(role, client, world):
    client.force_login(world.people[role])
    for page in ("/admin/", "/admin/content/document/"):
        assert f"Courseware {IN_PROJECT} (c0ffee012345)" in client.get(page).text


def version_told(response):
    """Whether headers or body name the version or the commit; for whoever does not run the site."""
    said = str(response.headers) + ("" if response.streaming else response.content.decode(errors="replace"))
    if COMMIT[:6] in said or IN_PROJECT in said:
        yield "it tells the version"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nowhere/", "/accounts/login/"])
def test_nobody_else_is_told(path, client, world):
    """Of all other addresses: test_access.py."""
    assert list(version_told(client.get(path))) == []


def test_a_version_that_is_told_is_found(client, world):
    client.force_login(world.people["admin"])
    assert list(version_told(client.get("/admin/"))) == ["it tells the version"]


def test_what_the_environment_says_goes_before_what_git_says(settings):
    assert version.commit() == "c0ffee012345"
    settings.COMMIT = ""
    version.commit.cache_clear()
    asked = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    in_git = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    assert version.commit() == (in_git[:12] or "unknown")


def test_a_folder_that_is_no_checkout_has_no_commit_of_its_own_whatever_lies_around_it(settings, tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    settings.COMMIT, settings.BASE_DIR = "", tmp_path / "inside"
    settings.BASE_DIR.mkdir()
    version.commit.cache_clear()
    assert version.commit() == "unknown"
