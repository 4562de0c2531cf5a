"""Front matter of documents: parse YAML with line numbers, then validate it (docs/formats.md §3)."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from courseware.course_format.diagnostics import Diagnostic, Finding, nearest
from courseware.course_format.parsing.limits import MAX_FRONT, find_excess
from courseware.course_format.parsing.metadata import MODELS, Meta

_FULL_WIDTH_COLON = re.compile(r"[ \t]*(?:- )?([A-Za-z_][\w-]*)[ \t]*：")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}
_TAGS = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "seq", "map")
}

Way = tuple[int | str, ...]  # the path to a value: ("strata", 0, "draw")

MAX_DEPTH = 20  # protects the stack


class Unreadable(Exception):
    """The file or its front matter cannot be read. `line` counts from 1."""

    def __init__(self, line: int, finding: Finding):
        super().__init__(finding.message)
        self.line = line
        self.finding = finding


@dataclass(frozen=True)
class Front:
    """`values`: key → dict, tuple or plain value; `lines`: path of a value → line; `body`: number of its first line."""

    values: Mapping[str, Any]
    lines: Mapping[Way, int]
    body: int

    def line(self, *way: int | str) -> int:
        """Return the line of the value at a path such as ("strata", 0), else of the nearest enclosing value, else 1."""
        while way and way not in self.lines:
            way = way[:-1]
        return self.lines.get(way, 1)


def decode(data: bytes) -> list[str]:
    """Return the lines of a file, without BOM. Raise `Unreadable` if not UTF-8, with NUL, or beyond `limits`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(data[: error.start].count(b"\n") + 1, Finding("not-utf-8")) from None
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise Unreadable(number, Finding("nul-byte"))
    if excess := find_excess(lines):
        raise Unreadable(*excess)
    return lines


def parse_front(lines: list[str]) -> Front:
    """Parse the front matter. `lines`: whole document. Raise `Unreadable` if missing, too long or no plain YAML."""
    if lines[0].rstrip() != "---":
        raise Unreadable(1, Finding("no-front-matter"))
    end = next((i for i, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise Unreadable(1, Finding("front-matter-not-closed"))
    for number, line in enumerate(lines[1:end], start=2):
        # YAML would find no key here and report the next line.
        if match := _FULL_WIDTH_COLON.match(line):
            raise Unreadable(number, Finding("full-width-colon", key=match[1]))
    text = "\n".join(lines[1:end])
    if len(text) > MAX_FRONT:
        raise Unreadable(1, Finding("front-matter-too-long", length=len(text), most=MAX_FRONT))
    values, ways = _load(text)
    return Front(values, ways, end + 2)


def _load(text: str) -> tuple[dict[str, Any], dict[Way, int]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        finding = Finding("front-matter-not-yaml", problem=str(error.problem))
        raise Unreadable(mark.line + 2 if mark else 2, finding) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Unreadable(2, Finding("front-matter-unreadable")) from None
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable(2, Finding("front-matter-without-keys"))
    ways: dict[Way, int] = {}
    return _construct(node, (), ways, set()), ways


def _construct(node: yaml.Node, way: Way, ways: dict[Way, int], seen: set[int]) -> Any:
    line = node.start_mark.line + 2
    ways.setdefault(way, line)
    if id(node) in seen or node.tag not in _TAGS or len(way) > MAX_DEPTH:
        raise Unreadable(line, Finding("front-matter-not-plain"))
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return tuple(_construct(value, (*way, index), ways, seen) for index, value in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(node, way, ways, seen)
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """Return a plain value. Unlike in YAML 1.1, `no`, `17:50` and dates stay text."""
    is_bare = isinstance(node, yaml.ScalarNode) and node.style is None
    if is_bare and node.value in _PLAIN:
        return _PLAIN[node.value]
    if is_bare and _INTEGER.fullmatch(node.value):
        return int(node.value)
    return node.value


def _construct_mapping(node: yaml.MappingNode, way: Way, ways: dict[Way, int], seen: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 2
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, Finding("key-not-a-word"))
        if key.value in values:
            first = ways[(*way, key.value)]
            raise Unreadable(line, Finding("key-twice", key=key.value, first=first))
        ways[(*way, key.value)] = line
        values[key.value] = _construct(value, (*way, key.value), ways, seen)
    return values


def build_meta(
    path: str, kind: str, front: Front, source: Mapping[str, Any] | None = None, source_language: str = ""
) -> tuple[Meta | None, list[Diagnostic]]:
    """Return (model of the document `kind`, or None if invalid; diagnostics). `source`: for a translation, front matter
    values of the source document, which give the structure; their issues make the model None without a diagnostic.
    Structure keys in the translation are reported and ignored. `source_language`: tag for that message.
    """
    model = MODELS[kind]
    if source is None:
        return _validate(path, kind, front, front.values)
    misplaced = [key for key in front.values if key in _structure_keys(model)]
    problems = [
        Diagnostic(path, front.line(key), Finding("key-of-source-language", key=key, language=source_language))
        for key in misplaced
    ]
    structure = {key: value for key, value in source.items() if key not in model.TEXT}
    own = {key: value for key, value in front.values.items() if key not in misplaced}
    meta, own_problems = _validate(path, kind, front, structure | own, mine=model.TEXT | own.keys())
    return meta, problems + own_problems


def _structure_keys(model: type[Meta]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()} - model.TEXT


def _validate(
    path: str, kind: str, front: Front, values: Mapping[str, Any], mine: Container[str] | None = None
) -> tuple[Meta | None, list[Diagnostic]]:
    """`mine`: keys whose issues are reported here; None: all."""
    try:
        return MODELS[kind].model_validate(dict(values)), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    ways: dict[Way, Mapping[str, Any]] = {}
    for one in errors:
        named = one["type"] in ("missing", "extra_forbidden")
        # For a union, pydantic reports every member, with its name in the path.
        ways.setdefault(tuple(one["loc"]) if named else _real_way(one["loc"], values), one)
    return None, [
        Diagnostic(path, front.line(*way), _finding(kind, way, one, values))
        for way, one in ways.items()
        if (mine is None or way[0] in mine) and not _is_echo(kind, way, one, ways)
    ]


def _is_echo(kind: str, way: Way, error: Mapping[str, Any], ways: Mapping[Way, Mapping[str, Any]]) -> bool:
    if error["type"] != "missing":
        # A bad value also makes the list or mapping around it invalid.
        return any(other[: len(way)] == way for other in ways if other != way)
    # A mistyped key is reported as unknown already.
    mistyped = [other[-1] for other, one in ways.items() if one["type"] == "extra_forbidden" and other[:-1] == way[:-1]]
    return any(nearest(str(key), _keys_beside(kind, way[:-1])) == way[-1] for key in mistyped)


def _real_way(loc: Way, values: Any) -> Way:
    way: list[int | str] = []
    for step in loc:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            break
        way.append(step)
    return tuple(way)


def _finding(kind: str, way: Way, error: Mapping[str, Any], values: Mapping[str, Any]) -> Finding:
    *parents, name = way
    if error["type"] == "missing":
        return Finding("key-missing", key=name, within=_dotted(parents) if parents else None)
    if error["type"] == "extra_forbidden":
        near = nearest(str(name), _keys_beside(kind, parents))
        if parents:
            return Finding("unknown-inner-key", key=name, within=_dotted(parents), nearest=near)
        return Finding("unknown-key", key=name, kind=kind, nearest=near)
    value: Any = values
    for step in way:
        value = value[step]
    *_outer, field = _fields(MODELS[kind], way)
    return _unexpected(value, key=_dotted(way), expected=field.description)


def _dotted(way: Iterable[int | str]) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in way)


def _unexpected(value: Any, **fields: str | None) -> Finding:
    if value is None:
        return Finding("value-missing", **fields)
    if isinstance(value, tuple | dict):
        return Finding("value-is-list" if isinstance(value, tuple) else "value-is-keys", **fields)
    if isinstance(value, str):
        return Finding("wrong-text", got=value, **fields)
    return Finding("wrong-value", got=str(value).lower(), **fields)


def _fields(model: Any, way: Iterable[int | str]) -> Iterator[FieldInfo]:
    """The fields along the path, outermost first, looking through unions and tuples."""
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


def _keys_beside(kind: str, parents: Iterable[int | str]) -> list[str]:
    model = MODELS[kind]
    for field in _fields(model, parents):
        model = _inner_model(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]
