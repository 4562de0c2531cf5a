"""What README and docs name is there: targets of make, files, links, environment variables."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATOR = ROOT / "docs" / "operator.md"

FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
TARGET = re.compile(r"\bmake ([a-z][\w-]*)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
FILE = re.compile(r"(?:courseware|content|docs|static|templates|tests|benchmarks|requirements|\.ci)/[\w./<>-]*")


def name(document):
    return str(document.relative_to(ROOT))


def documents():
    return pytest.mark.parametrize("document", PAGES, ids=name)


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


def test_there_is_a_readme_and_a_page_for_operators():
    assert (ROOT / "README.md").exists()
    assert OPERATOR.exists()


@documents()
def test_targets_of_make_are_there(document):
    makefile = text_of(ROOT / "Makefile")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert set(TARGET.findall(code_of(document))) <= targets


@documents()
def test_files_that_are_named_are_there(document):
    named = {match.rstrip("./") for match in FILE.findall(code_of(document)) if "<" not in match}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@documents()
def test_links_lead_somewhere(document):
    broken = []
    for target in LINK.findall(FENCE.sub("", text_of(document))):
        if target.startswith(("https://", "http://127.0.0.1", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        is_there = file.exists() and (not anchor or anchor in anchors(file))
        broken += [] if is_there else [target]
    assert broken == []


def variables_read():
    """Names of the environment variables the settings read: the first argument of every `env(…)` and `env.kind(…)`."""
    tree = ast.parse(text_of(ROOT / "courseware" / "settings.py"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return {call.args[0].value for call in calls if is_env(call.func) and isinstance(call.args[0], ast.Constant)}


def is_env(function):
    owner = function.value if isinstance(function, ast.Attribute) else function
    return isinstance(owner, ast.Name) and owner.id == "env"


def test_every_environment_variable_is_explained_to_operators():
    assert {"SECRET_KEY", "SITE_URL", "DATABASE_URL", "EMAIL_URL"} <= variables_read()
    explained = set(re.findall(r"`([A-Z][A-Z_]+)`", text_of(OPERATOR)))
    assert variables_read() - explained == set()


def test_no_variable_is_explained_that_nothing_reads():
    code = "".join(text_of(file) for file in [*(ROOT / "courseware").rglob("*.py"), ROOT / "Makefile"])
    table = re.findall(r"^\|\s*`([A-Z][A-Z_]+)`", text_of(OPERATOR), re.MULTILINE)
    assert [variable for variable in table if variable not in code] == []
