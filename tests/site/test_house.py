"""The arrows of the house: a room may import what is below it, never what is above or beside."""

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2] / "courseware"
MAY_IMPORT = {
    "lib": set(),
    "language": {"lib"},
    "evidence": {"lib"},
    "accounts": {"evidence", "lib"},
    "content": {"evidence", "language", "lib"},
    "learning": {"content", "accounts", "evidence", "language", "lib"},
    "assessment": {"learning", "content", "accounts", "evidence", "language", "lib"},
    "simulations": {"learning", "content", "accounts", "evidence", "language", "lib"},
    "reporting": {"assessment", "simulations", "learning", "content", "accounts", "evidence", "language", "lib"},
}
FRONT_DOOR = {"__init__", "settings", "urls", "wsgi", "asgi", "headers", "errors", "run"}
NAMES_WITHOUT_A_SUBJECT = {"utils", "common", "helpers", "core", "base"}


def rooms_imported_by(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for module in modules:
            parts = module.split(".")
            if parts[0] == "courseware" and len(parts) > 1:
                yield parts[1]


def test_every_room_and_every_module_of_the_front_door_is_known():
    assert {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()} == set(MAY_IMPORT)
    assert {path.stem for path in HOUSE.glob("*.py")} == FRONT_DOOR


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows_point_down(room):
    seen = {imported for file in (HOUSE / room).rglob("*.py") for imported in rooms_imported_by(file)}
    assert seen - {room} <= MAY_IMPORT[room]


def test_modules_are_named_for_their_subject():
    assert not [path for path in HOUSE.rglob("*.py") if path.stem in NAMES_WITHOUT_A_SUBJECT]
