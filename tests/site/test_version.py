"""Which version and commit runs: told to whoever runs the site, and to nobody else."""

import re
import subprocess

import pytest

from courseware import version
from tests.site.routes import fill_in, routes
from tests.site.test_settings import PRODUCTION, ROOT, run

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


@pytest.mark.parametrize("role", ["anonymous", "learner", "manager"])
def test_nobody_else_is_told_by_any_address(role, client, world):
    if role != "anonymous":
        client.force_login(world.people[role])
    addresses = [fill_in(route, world.places) for route, _pattern in routes()]
    for address in (*addresses, "/healthz", "/readyz", "/nowhere/"):
        response = client.get(address)
        said = str(response.headers) + ("" if response.streaming else response.content.decode(errors="replace"))
        assert "c0ffee" not in said and IN_PROJECT not in said, address


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


def test_a_checkout_without_a_commit_is_no_fault(settings, tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    settings.COMMIT, settings.BASE_DIR = "", tmp_path
    version.commit.cache_clear()
    assert version.commit() == "unknown"


@pytest.mark.parametrize(("value", "is_taken"), [(COMMIT, True), ("", True), ("main", False), ("<b>c0ffee</b>", False)])
def test_a_commit_is_a_hash_or_nothing(value, is_taken, tmp_path):
    done = run("manage.py", "check", **PRODUCTION | {"DATA_DIR": str(tmp_path), "COMMIT": value})
    assert (done.returncode == 0, done.stderr.startswith("COMMIT: ")) == (is_taken, not is_taken)
