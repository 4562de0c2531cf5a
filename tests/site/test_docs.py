"""Documentation names only what exists: make targets, files, code, links, settings, commands, jobs."""

import ast
import doctest
import importlib
import re
import subprocess
import tokenize
from datetime import timedelta
from io import StringIO
from pathlib import Path
from token import COMMENT

import pytest
from django.utils.translation import override

from courseware.jobs.schedule import JOBS, Daily
from courseware.learning.status.states import State
from tests.site import reference_tables
from tests.site.test_layers import LAYERS, PACKAGES, ROOT_MODULES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh-hans.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
OPERATOR = ROOT / "docs" / "help" / "operator.en.md"
OPERATOR_IN_CHINESE = OPERATOR.with_name("operator.zh-hans.md")
ARCHITECTURE = ROOT / "docs" / "architecture.md"

FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
TARGET = re.compile(r"\bmake ([a-z][\w-]*)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
FILE = re.compile(
    r"(?<![\w./])(?:courseware|content|docs|static|templates|tests|benchmarks|requirements|\.ci)/[\w./<>-]*"
)
BARE_FILE = re.compile(r"(?<![\w./<>-])[A-Za-z_]\w*\.(?:py|html|css|js)\b(?!/)")
# `learning.status.states.State`: a name below `courseware`.
NAME_IN_CODE = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.\w+)+(?![\w/-])")


def name(document):
    return str(document.relative_to(ROOT))


def text_of(document):
    return document.read_text(encoding="utf-8")


def code_of(document):
    """Everything set as code: fenced blocks and pieces in the line."""
    text = text_of(document)
    return "\n".join([*FENCE.findall(text), *CODE.findall(FENCE.sub("", text))])


def anchors(document):
    """The anchors a git host makes of the headings."""
    titles = HEADING.findall(FENCE.sub("", text_of(document)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_scheduled_jobs_are_listed_with_time_and_label():
    times = {timedelta(minutes=1): "every minute"} | {
        timedelta(minutes=minutes): f"every {minutes} minutes" for minutes in (5, 10)
    }
    expected = {("02:30", "Back up all data")}  # scheduled only if BACKUP_DIR is set
    with override("en"):
        for job in JOBS.values():
            when = f"{job.when.at:%H:%M}" if isinstance(job.when, Daily) else times[job.when.pause]
            expected.add((when, str(job.words)))
    table = text_of(COMMANDS_PAGE).partition("## Scheduled jobs")[2]
    listed = re.findall(r"^\| (\d\d:\d\d|every [^|]*?) \| (.*?) \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(expected)


@pytest.mark.parametrize("part", reference_tables.PARTS)
def test_generated_part_is_current(part):
    page, generate = reference_tables.PARTS[part]
    message = f"run `python -m tests.site.reference_tables`, which writes {name(page)}"
    assert reference_tables.written(part) == generate(), message


def test_reference_lists_every_command_once():
    listed = [command for group in reference_tables.COMMANDS.values() for command in group]
    assert sorted(listed) == sorted(reference_tables.own_commands())
    assert re.findall(r"^### `(\w+)`$", text_of(COMMANDS_PAGE), re.MULTILINE) == listed


def test_chinese_operator_guide_has_the_same_commands():
    english, chinese = text_of(OPERATOR), text_of(OPERATOR_IN_CHINESE)
    assert FENCE.findall(chinese) == FENCE.findall(english)
    assert set(CODE.findall(FENCE.sub("", chinese))) == set(CODE.findall(FENCE.sub("", english)))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_manager_help_explains_each_state(language):
    with override(language):
        rows = [f"| {state.label} |" for state in State]
    help_page = text_of(ROOT / "docs" / "help" / f"manager.{language}.md")
    assert [row for row in rows if row not in help_page] == []


def test_expected_pages_exist():
    pages = (*PAGES[:4], OPERATOR, OPERATOR_IN_CHINESE, SETTINGS_PAGE, COMMANDS_PAGE, ARCHITECTURE)
    assert [name(page) for page in pages if not page.exists()] == []


def missing_in_each(missing_in):
    """Page → what `missing_in(page)` finds, of the pages where it finds anything."""
    found = {name(page): sorted(missing_in(page)) for page in PAGES}
    return {page: missing for page, missing in found.items() if missing}


def test_make_targets_exist():
    makefile = text_of(ROOT / "Makefile")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert missing_in_each(lambda page: set(TARGET.findall(code_of(page))) - targets) == {}


def test_named_files_exist():
    folders = ("courseware", "templates", "static", "tests", "benchmarks", ".ci")
    there = {file.name for folder in folders for file in (ROOT / folder).rglob("*.*")} | {"manage.py"}

    def missing_in(page):
        named = {match.rstrip("./") for match in FILE.findall(code_of(page)) if "<" not in match}
        bare = set(BARE_FILE.findall(code_of(page)))
        return {path for path in named if not (ROOT / path).exists()} | bare - there

    assert missing_in_each(missing_in) == {}


def is_in_code(dotted):
    """Whether `package.module.Name.attribute` exists; a field of a class counts, though only its instances have it."""
    parts = dotted.split(".")
    end = len(parts)
    while end and not is_module(parts[:end]):
        end -= 1
    found = importlib.import_module(".".join(["courseware", *parts[:end]])) if end else None
    for part in parts[end:]:
        if not hasattr(found, part):
            return part in getattr(found, "__annotations__", {}) and part == parts[-1]
        found = getattr(found, part)
    return found is not None


def is_module(parts):
    path = ROOT.joinpath("courseware", *parts)
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_names_in_code_exist():
    def missing_in(page):
        return {dotted for dotted in NAME_IN_CODE.findall(code_of(page)) if not is_in_code(dotted)}

    assert missing_in_each(missing_in) == {}


def drawing_of_packages():
    section = text_of(ARCHITECTURE).partition("\n## Packages\n")[2]
    return FENCE.search(section)[0]


def test_drawing_shows_every_package_with_its_layer():
    drawn = re.findall(r"^(\w+) .* (\d+)$", drawing_of_packages(), re.MULTILINE)
    layers = [(package, str(level)) for level, layer in enumerate(LAYERS, start=1) for package in layer]
    assert sorted(drawn) == sorted(layers)
    levels = [int(level) for _package, level in drawn]
    assert levels == sorted(levels, reverse=True)


def test_drawing_shows_every_root_module():
    assert sorted(re.findall(r"(\w+)\.py", drawing_of_packages())) == sorted(ROOT_MODULES - {"__init__"})


def is_valid_link(target, page):
    if target.startswith(("https://", "http://127.0.0.1", "mailto:")):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in anchors(file))


def test_links_are_valid():
    def broken_in(page):
        targets = LINK.findall(CODE.sub("", FENCE.sub("", text_of(page))))
        return {target for target in targets if not is_valid_link(target, page)}

    assert missing_in_each(broken_in) == {}


# A document named in prose; names with a language tag are course files.
DOCUMENT = re.compile(r"(?<![\w./<>*-])((?:[\w-]+/)*[\w-]+\.md)\b(?: (§§?\d[\d.–]*(?:, §\d[\d.]*)*))?")


def prose_of(file):
    """Comments and docstrings of a Python file, or the whole text of another file."""
    text = text_of(file)
    if file.suffix != ".py":
        return text
    tree = ast.parse(text)
    described = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef))]
    comments = [token.string for token in tokenize.generate_tokens(StringIO(text).readline) if token.type == COMMENT]
    return "\n".join([*comments, *(ast.get_docstring(node) or "" for node in described)])


def test_named_documents_and_sections_exist():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / line for line in listed.splitlines() if not line.startswith(("content/", "static/vendor/"))]
    missing, cited = [], 0
    for file in files:
        if file.suffix not in (".py", ".md", ".toml", ".js", ".css", ".html", "") or not file.exists():
            continue
        if ".md" not in text_of(file):
            continue
        for path, sections in DOCUMENT.findall(prose_of(file)):
            found = next((base / path for base in (ROOT, file.parent) if (base / path).exists()), None)
            numbers = re.findall(r"\d+", re.sub(r"\.\d+", "", sections))
            cited += bool(found and numbers)
            if not found or not all(f"\n## {number}. " in text_of(found) for number in numbers):
                missing.append(f"{name(file)}: {path} {sections}")
    assert missing == []
    assert cited > 20


def variables_in(page):
    return re.findall(r"^\|\s*`([A-Z][A-Z_]+)`", text_of(page), re.MULTILINE)


def test_reference_lists_every_environment_variable_once():
    read = set(reference_tables.settings())
    assert {"SECRET_KEY", "SITE_URL", "DATABASE_URL", "EMAIL_URL", "STATEMENT_TIMEOUT", "WEB_CONCURRENCY"} <= read
    listed = variables_in(SETTINGS_PAGE)
    assert len(listed) == len(set(listed))
    assert read - set(listed) == set()


def test_explained_variables_are_read():
    others = [ROOT / file for file in ("Makefile", "gunicorn.conf.py", "compose.yaml")]
    code = "".join(text_of(file) for file in [*(ROOT / "courseware").rglob("*.py"), *others])
    assert [variable for page in PAGES for variable in variables_in(page) if variable not in code] == []


WITH_EXAMPLES = [file for file in (ROOT / "courseware").rglob("*.py") if ">>> " in text_of(file)]


@pytest.mark.parametrize("file", WITH_EXAMPLES, ids=name)
def test_docstring_examples_are_correct(file):
    module = importlib.import_module(name(file).removesuffix(".py").replace("/", "."))
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed
