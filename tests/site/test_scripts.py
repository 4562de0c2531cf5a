"""Script modules: imports, names, and preloading by pages."""

import re
import shutil
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from courseware.project.static_files import StaticFilesStorage

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "static" / "js"
PAGES = {  # the script of a page: the template that loads it
    "lesson": "learning/_scripts.html",
    "simulation": "simulations/_scripts.html",
    "passkey": "mfa/webauthn/_scripts.html",
    "phrases": "learning/_phrases_scripts.html",
    "search": "learning/_search_scripts.html",
    "survey": "learning/_survey_scripts.html",
    "frame": "_frame_scripts.html",
    "editor": "admin/content/document/_scripts.html",
}
IMPORT = re.compile(r"""\bfrom\s*["']([^"']+)["']|\bimport\s*["']([^"']+)["']""")
LATER = re.compile(r"""\bimport\s*\(\s*["']([^"']+)["']""")


def imported(script, *, later=False):
    """The files that a module imports, itself among them, however far; `later`: also those it asks for when needed."""
    source = script.read_text(encoding="utf-8")
    named = [name or other for name, other in IMPORT.findall(source)] + (LATER.findall(source) if later else [])
    return {script}.union(*(imported((script.parent / name).resolve(), later=later) for name in named))


def test_pages_with_own_script_are_listed():
    assert {file.stem for file in (SCRIPTS / "pages").iterdir()} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_page_preloads_all_imports_of_its_script(page):
    script = SCRIPTS / "pages" / f"{page}.js"
    html = render_to_string(PAGES[page])
    loaded = re.findall(r'<script src="/static/js/([^"]+)" type="module">', html)
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/js/([^"]+)">', html)
    assert loaded == [f"pages/{page}.js"]
    assert preloaded == sorted(str(file.relative_to(SCRIPTS)) for file in imported(script) - {script})


def test_every_module_is_on_a_page():
    on_pages = set().union(*(imported(SCRIPTS / "pages" / f"{page}.js", later=True) for page in PAGES))
    assert set(SCRIPTS.rglob("*.js")) - on_pages == {
        SCRIPTS / "theme.js",  # it runs before the first paint: no module
        SCRIPTS / "service_worker.js",  # the browser runs it beside the pages
    }


def test_every_module_but_pages_has_tests():
    modules = {file.stem for file in SCRIPTS.glob("*.js")}
    tested = {file.name.removesuffix(".test.js") for file in (ROOT / "tests" / "scripts").iterdir()}
    assert modules - tested == {"theme", "service_worker"}  # nothing but calls of the browser
    assert tested <= modules


def collected(folder):
    """The storage of a site in `folder` into which the scripts were collected as for production."""
    shutil.copytree(SCRIPTS, folder / "js", dirs_exist_ok=True)
    storage = StaticFilesStorage(location=folder, base_url="/static/")
    names = [str(file.relative_to(folder)) for file in (folder / "js").rglob("*.js")]
    processed = list(storage.post_process({name: (storage, name) for name in names}))
    assert [error for _name, _hashed, error in processed if isinstance(error, Exception)] == []
    return storage


def test_only_hashed_files_are_compressed(tmp_path):
    storage = collected(tmp_path / "site")
    compressed = {file.name.removesuffix(".gz") for file in tmp_path.rglob("*.gz")}
    assert Path(storage.stored_name("js/pages/lesson.js")).name in compressed
    assert not {file.name for file in SCRIPTS.rglob("*.js")} & compressed


def test_compressed_files_of_earlier_versions_are_deleted(tmp_path):
    stale = [tmp_path / "site" / "js" / f"order.js{ending}" for ending in (".gz", ".br")]
    stale[0].parent.mkdir(parents=True)
    for file in stale:
        file.write_text("old")
    collected(tmp_path / "site")
    assert not any(file.exists() for file in stale)


def test_modules_are_imported_by_stored_names(tmp_path):
    storage = collected(tmp_path / "site")
    for page in PAGES:
        script = tmp_path / "site" / storage.stored_name(f"js/pages/{page}.js")
        for file in imported(script, later=True):
            name = str(file.relative_to(tmp_path / "site"))
            plain = re.sub(r"\.[0-9a-f]{12}\.js$", ".js", name)
            assert name != plain
            assert name == storage.stored_name(plain)


def test_linter_lock_names_no_download_url():
    lock = (ROOT / ".ci" / "javascript" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
