"""Locks, as the code asks for them: docs/architecture.md has their order."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def locks():
    """(place, the words it is asked for with) of every lock on a row."""
    for file in sorted((ROOT / "courseware").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
                words = {word.arg: ast.unparse(word.value) for word in node.keywords}
                yield f"{file.relative_to(ROOT)}:{node.lineno}", words


def test_a_lock_on_a_row_lets_others_write_rows_that_name_it():
    """Nothing deletes a row it has locked, so nobody who only names the row has to wait, or can dead-lock."""
    found = dict(locks())
    assert found
    assert {place: words for place, words in found.items() if words.get("no_key") != "True"} == {}
