"""Read front matter: YAML into plain values, each with its line, then into the model of the kind (formats.md §3)."""

import difflib
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from courseware.language.documents import Problem
from courseware.language.metadata import MODELS, Meta

_FULL_WIDTH_COLON = re.compile(r"[ \t]*(?:- )?([A-Za-z_][\w-]*)[ \t]*：")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}
_TAGS = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "seq", "map")
}
_AN_ARTICLE = {"emergency": "an", "exam": "an", "outline": "an"}

# A file of a few thousand levels would only be written to crash the reader.
MAX_DEPTH = 20


class Unreadable(Exception):
    """The front matter cannot be read: `line` and what was expected."""

    def __init__(self, line: int, message: str):
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Front:
    """`values` as plain dicts, tuples, texts, whole numbers; `lines` maps the way to a value to its line.

    A way is a tuple of keys and indices: ("strata", 0, "draw"). `body` is the number of the first line below.
    """

    values: Mapping[str, Any]
    lines: Mapping[tuple, int]
    body: int

    def line(self, *way: Any) -> int:
        """The line of a value, or of the nearest thing around it that has one; 1 where nothing has."""
        while way and way not in self.lines:
            way = way[:-1]
        return self.lines.get(way, 1)


def decode(data: bytes) -> list[str]:
    """The lines of a file, without their ends, be they LF, CRLF or CR; a BOM is dropped. Raises Unreadable."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(data[: error.start].count(b"\n") + 1, "not UTF-8; save the file as UTF-8") from None
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise Unreadable(number, "a NUL byte; expected text")
    return lines


def parse_front(lines: list[str]) -> Front:
    """Read the front matter of a document given as lines. Raises Unreadable."""
    if lines[0].rstrip() != "---":
        raise Unreadable(1, 'the first line must be "---"; above the title there is front matter')
    end = next((i for i, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise Unreadable(1, 'front matter is not closed; expected a line "---" below the keys')
    for number, line in enumerate(lines[1:end], start=2):
        # Looked for before YAML is read: YAML would find no key here and name the next line.
        if match := _FULL_WIDTH_COLON.match(line):
            raise Unreadable(number, f'full-width "：" is not a colon; expected "{match[1]}: "')
    values, ways = _load("\n".join(lines[1:end]))
    return Front(values, ways, end + 2)


def _load(text: str) -> tuple[dict[str, Any], dict[tuple, int]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 2 if mark else 2, f"front matter cannot be read: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Unreadable(2, "front matter cannot be read; expected lines like title: Text") from None
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable(2, "front matter has no keys; expected lines like title: Text")
    ways: dict[tuple, int] = {}
    return _construct(node, (), ways, set()), ways


def _construct(node: yaml.Node, way: tuple, ways: dict[tuple, int], seen: set[int]) -> Any:
    """Plain values of a YAML node. `no`, `17:50` and dates stay text, unlike in YAML 1.1."""
    line = node.start_mark.line + 2
    ways.setdefault(way, line)
    if id(node) in seen or node.tag not in _TAGS or len(way) > MAX_DEPTH:
        raise Unreadable(line, "front matter takes plain values only, no anchors, tags or deep nesting")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return tuple(_construct(value, (*way, index), ways, seen) for index, value in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(node, way, ways, seen)
    if node.style is None and node.value in _PLAIN:
        return _PLAIN[node.value]
    if node.style is None and _INTEGER.fullmatch(node.value):
        return int(node.value)
    return node.value


def _construct_mapping(node: yaml.MappingNode, way: tuple, ways: dict[tuple, int], seen: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 2
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, "a key is a word; expected lines like title: Text")
        if key.value in values:
            first = ways[(*way, key.value)]
            raise Unreadable(line, f'"{key.value}" is given twice (first on line {first})')
        ways[(*way, key.value)] = line
        values[key.value] = _construct(value, (*way, key.value), ways, seen)
    return values


def build_meta(
    path: str, kind: str, front: Front, source: Mapping[str, Any] | None = None, source_language: str = ""
) -> tuple[Meta | None, list[Problem]]:
    """The model of a kind from its front matter, and what is wrong with it (then the model may be None).

    `source` is the front matter of the same document in the source language, for a translation: structure is
    taken from there. Keys that only stand there are a problem here, but no reason to refuse the document.
    """
    model = MODELS[kind]
    if source is None:
        return _validate(path, kind, front, front.values)
    known = {field.alias or name for name, field in model.model_fields.items()}
    misplaced = [key for key in front.values if key in known and key not in model.TEXT]
    problems = [
        Problem(path, front.line(key), f'"{key}" stands in the {source_language} file only; take it out here')
        for key in misplaced
    ]
    structure = {key: value for key, value in source.items() if key not in model.TEXT}
    own = {key: value for key, value in front.values.items() if key not in misplaced}
    meta, found = _validate(path, kind, front, structure | own, mine=model.TEXT | own.keys())
    return meta, problems + found


def _validate(
    path: str, kind: str, front: Front, values: Mapping[str, Any], mine: Container[str] | None = None
) -> tuple[Meta | None, list[Problem]]:
    """`mine` are the keys this file answers for, None meaning all: mistakes in others are told where they stand."""
    try:
        return MODELS[kind].model_validate(dict(values)), []
    except ValidationError as error:
        found = error.errors(include_url=False)
    ways: dict[tuple, Mapping[str, Any]] = {}
    for one in found:
        named = one["type"] in ("missing", "extra_forbidden")
        # A union adds the names of its members to the way, and reports each of them: one message is enough.
        ways.setdefault(tuple(one["loc"]) if named else _real_way(one["loc"], values), one)
    return None, [
        Problem(path, front.line(*way), _message(kind, way, one, values))
        for way, one in ways.items()
        if (mine is None or way[0] in mine) and not _is_echo(kind, way, one, ways)
    ]


def _is_echo(kind: str, way: tuple, error: Mapping[str, Any], ways: Mapping[tuple, Mapping[str, Any]]) -> bool:
    """Whether another message names the cause: the mistyped key that is missing, the bad value inside a list."""
    if error["type"] != "missing":
        return any(other[: len(way)] == way for other in ways if other != way)
    mistyped = [other[-1] for other, one in ways.items() if one["type"] == "extra_forbidden" and other[:-1] == way[:-1]]
    return any(f'"{way[-1]}"' in did_you_mean(str(key), _keys_beside(kind, list(way[:-1]))) for key in mistyped)


def _real_way(loc: tuple, values: Any) -> tuple:
    way: list[Any] = []
    for step in loc:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            break
        way.append(step)
    return tuple(way)


def _message(kind: str, way: tuple, error: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    *parents, name = way
    if error["type"] == "missing":
        return f'"{name}" is missing' + (f" in {_dotted(parents)}" if parents else "")
    if error["type"] == "extra_forbidden":
        where = _dotted(parents) if parents else f"{_AN_ARTICLE.get(kind, 'a')} {kind}"
        return f'unknown key "{name}" in {where}{did_you_mean(str(name), _keys_beside(kind, parents))}'
    value = values
    for step in way:
        value = value[step]
    return f"{_dotted(way)}: expected {_expected(kind, way)}, got {_shown(value)}"


def _dotted(way: Any) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in way)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple | dict):
        return "a list" if isinstance(value, tuple) else "keys with values"
    return f'"{value[:60]}"' if isinstance(value, str) else str(value).lower()


def _fields(model: Any, way: Any):
    """The fields of the models on the way, outermost first; unions and tuples are looked through."""
    for step in way:
        if isinstance(step, int) or model is None:
            continue
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == step), None)
        if field is None:
            return
        yield field
        model = _inner_model(field.annotation)


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        return annotation
    return next(filter(None, map(_inner_model, getattr(annotation, "__args__", ()))), None)


def _expected(kind: str, way: tuple) -> str:
    return [field.description for field in _fields(MODELS[kind], way)][-1]


def _keys_beside(kind: str, parents: list) -> list[str]:
    model = MODELS[kind]
    for field in _fields(model, parents):
        model = _inner_model(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message: the nearest known word where there is one, else nothing.

    Ids that differ in their numbers only are different things, not misspellings.
    """
    letters = _without_digits(word)
    near = difflib.get_close_matches(
        word, sorted(one for one in known if _without_digits(one) != letters), n=1, cutoff=0.7
    )
    return f'; did you mean "{near[0]}"?' if near else ""


def _without_digits(word: str) -> str:
    return re.sub(r"\d", "", word)
