"""Messages of the course checker: one table, all of it used, every call with its fields."""

import ast
import string
from pathlib import Path

import pytest

from courseware.course_format import diagnostic_messages
from courseware.course_format.diagnostic_messages import ERRORS, LEVELS, WARNINGS, pattern, sentence
from courseware.course_format.diagnostics import Diagnostic, Finding, nearest

LANGUAGE = Path(diagnostic_messages.__file__).parent
SENTENCES = ERRORS | WARNINGS


@pytest.mark.parametrize(
    ("finding", "fields", "expected"),
    [
        ("source-not-used", {"source": "F-02"}, "source F-02 is not used"),
        ("unknown-key", {"key": "x", "kind": "exam"}, 'unknown key "x" in an exam'),
        (
            "unknown-key",
            {"key": "x", "kind": "lesson", "nearest": "y"},
            'unknown key "x" in a lesson; did you mean "y"?',
        ),
        ("unknown-quality", {"quality": "x", "known": ("best", "weak")}, '"x" is no quality; there are best, weak'),
        ("right-choices", {"count": 2, "lines": (15, 17)}, ".one needs exactly one [x], found 2 (lines 15, 17)"),
        ("key-by-length", {"share": 0.666}, "the key is the longest choice in 67 % of the questions"),
        ("empty-group", {"group": "x" * 50}, f'group "{"x" * 30}" is empty'),
        (
            "too-few-questions",
            {"bank": "b", "count": 1, "attempts": 1, "expected": 3},
            "b has 1 questions, 1 attempt needs 3",
        ),
        (
            "too-few-questions",
            {"bank": "b", "count": 1, "track": "day", "attempts": 2, "expected": 6},
            "b has 1 questions for day, 2 attempts need 6",
        ),
        (
            "callouts-differ",
            {"here": "day", "language": "zh-Hans"},
            "callouts differ: [!day] here, none in zh-Hans",
        ),
    ],
)
def test_message_is_built_from_fields(finding, fields, expected):
    assert sentence(finding, fields) == Finding(finding, **fields).message == expected


def test_pattern_shows_fields_and_optional_parts():
    assert pattern("unknown-key") == 'unknown key "KEY" in a KIND[; did you mean "NEAREST"?]'
    assert pattern("callouts-differ") == "callouts differ: [!HERE] here, [!THERE] in LANGUAGE[ (line LINE)]"
    assert pattern("heading-without-id") == 'heading "TITLE" has no id; add {#like-this}'


def test_unknown_message_id_is_refused():
    with pytest.raises(KeyError):
        Finding("no-such-finding")


def test_diagnostics_compare_by_message_and_sort_by_place():
    def problem(line, source, path="a.md"):
        return Diagnostic(path, line, Finding("source-not-used", source=source, language=None))

    assert {problem(1, "F-01"), problem(1, "F-01")} == {problem(1, "F-01")}
    assert problem(1, "F-01") != problem(1, "F-02")
    first, second, third, last = problem(2, "F-01"), problem(2, "F-02"), problem(10, "F-01"), problem(1, "F-01", "b.md")
    assert sorted([last, third, second, first]) == [first, second, third, last]
    assert (first.level, Finding("no-ending").level) == ("warning", "error")


def test_message_id_has_1_level():
    assert len(LEVELS) == len(ERRORS) + len(WARNINGS)


@pytest.mark.parametrize(
    ("word", "near"), [("minuts", "minutes"), ("O1.2", None), ("nothing", None), ("minutes", None)]
)
def test_nearest_word_is_suggested(word, near):
    assert nearest(word, ["minutes", "O1.1", "title"]) == near


# The code and the table


def message_calls():
    """Yield per call: place, possible message ids, given fields (None: others too)."""
    for file in sorted(LANGUAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Module)):
            assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
            chosen = {
                target.id: ids_in(node.value)
                for node in (assigned if isinstance(function, ast.FunctionDef) else ())
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                ids = set().union(*(chosen.get(getattr(one, "id", ""), set()) | ids_in(one) for one in call.args))
                if ids:
                    yield f"{file.name}:{call.lineno}", ids, {keyword.arg for keyword in call.keywords}


def ids_in(expression):
    """Return the ids an expression may be: one, or one of two."""
    branches = [expression.body, expression.orelse] if isinstance(expression, ast.IfExp) else [expression]
    return {one.value for one in branches if isinstance(one, ast.Constant) and one.value in SENTENCES}


def test_every_message_is_used():
    assert {finding for _, ids, _ in message_calls() for finding in ids} == set(SENTENCES)


def test_every_call_gives_required_fields():
    for place, ids, given in message_calls():
        for finding in ids:
            fields = {name: rule for _, name, rule, _ in string.Formatter().parse(SENTENCES[finding]) if name}
            required = {name for name, rule in fields.items() if not rule.startswith("?")}
            if place.startswith("pairs.py"):
                required -= {"language"}  # added to all of them in one place
            assert given - {None} <= set(fields), f"{place}: {finding}"
            assert None in given or required <= given, f"{place}: {finding}"
