"""The arrows of the house: a room may name what is below it, never what is above or beside.

By import, and also by what imports do not show: the reverse accessors that Django hangs on a lower room's models, url
names, addresses, and templates that are included. `docs/architecture.md` draws the house.
"""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import get_resolver

ROOT = Path(__file__).resolve().parents[2]
HOUSE, TEMPLATES = ROOT / "courseware", ROOT / "templates"
FLOORS = (  # from the ground up; rooms of one floor stand beside each other
    {"lib", "language"},
    {"audit_log", "autosave"},
    {"branding", "jobs"},
    {"notifications"},
    {"accounts", "content"},
    {"learning"},
    {"simulations"},
    {"assessment"},
    {"learner_home"},
    {"assignments"},
    {"reporting"},
)
ROOMS = [room for floor in FLOORS for room in sorted(floor)]
BELOW = {room: set().union(*FLOORS[:level]) for level, floor in enumerate(FLOORS) for room in floor}
WITHOUT_DJANGO = {"language"}
FLOORS_OF_CONTENT = ("compiled", "releases", "desk")
FRONT_DOOR = {
    "__init__",
    "settings",
    "urls",
    "apps",
    "deployment",
    "well_known",
    "wsgi",
    "asgi",
    "backups",
    "headers",
    "errors",
    "crowding",
    "database_addresses",
    "database_dumps",
    "health",
    "request_log",
    "run",
    "second_database",
    "starting",
    "static_files",
    "upgrading",
    "version",
}
NAMES_WITHOUT_A_SUBJECT = {"utils", "common", "helpers", "core", "base"}
# Django and the test runner look for these; every other module is the only one of its name.
NAMES_OF_DJANGO = {"__init__", "admin", "apps", "forms", "models", "urls", "views"}
TEMPLATES_OF = {
    "account": "accounts",
    "allauth": "accounts",
    "mfa": "accounts",
    "usersessions": "accounts",
    "courseware": "lib",
}  # folders whose names a library gave
TEMPLATES_OF_THE_FRONT_DOOR = {"errors"}


def code_of(room):
    return [file for file in (HOUSE / room).rglob("*.py") if "migrations" not in file.parts]


def templates_of(room):
    folders = [TEMPLATES / room, TEMPLATES / "admin" / room]
    folders += [TEMPLATES / folder for folder, owner in TEMPLATES_OF.items() if owner == room]
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def places(files, find):
    """ "file:line: what" for everything that `find` yields as (line, what)."""
    return [f"{file.relative_to(ROOT)}:{line}: {what}" for file in files for line, what in sorted(find(file))]


# Imports


def modules_imported_by(file, *, when_run=False):
    """`when_run`: without those that are imported for type hints alone."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if when_run:
        tree.body = [node for node in tree.body if not is_for_type_hints(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_for_type_hints(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def rooms_imported_by(file):
    parts = (module.split(".") for module in modules_imported_by(file))
    return {part[1] for part in parts if part[0] == "courseware" and len(part) > 1}


def test_every_room_and_every_module_of_the_front_door_is_known():
    assert {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()} == {*ROOMS, "management"}
    assert {path.stem for path in HOUSE.glob("*.py")} == FRONT_DOOR


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_down(room):
    seen = set().union(*map(rooms_imported_by, code_of(room)))
    assert seen - {room} <= BELOW[room]


def test_no_module_imports_itself_through_others():
    """Imports inside functions count, too; those for type hints alone do not."""
    files = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for room in ROOMS for file in code_of(room)}
    imported = {
        name: {found for each in modules_imported_by(file, when_run=True) for found in (each, each.rpartition(".")[0])}
        & files.keys()
        for name, file in files.items()
    }
    TopologicalSorter({name: found - {name} for name, found in imported.items()}).prepare()


@pytest.mark.parametrize("level, floor", list(enumerate(FLOORS_OF_CONTENT)))
def test_the_rooms_of_content_stand_on_each_other(level, floor):
    above = {f"courseware.content.{name}" for name in (*FLOORS_OF_CONTENT[level + 1 :], "admin", "views", "urls")}
    imported = {module for file in code_of(f"content/{floor}") for module in modules_imported_by(file)}
    assert not [module for module in imported if any(module.startswith(name) for name in above)]


def test_only_one_module_imports_private_names_of_allauth():
    importing = {
        str(file.relative_to(HOUSE))
        for file in HOUSE.rglob("*.py")
        if any(re.match(r"allauth\..*\binternal\b", module) for module in modules_imported_by(file))
    }
    assert importing == {"accounts/sign_in/allauth_internals.py"}


def test_the_api_imports_no_view():
    files = (HOUSE / "reporting").glob("api*.py")
    imported = {module for file in files for module in modules_imported_by(file)}
    assert "courseware.reporting.dashboard.rows" in imported
    assert not [module for module in imported if ".views." in module]


# What imports do not show

TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
URL_NAME = re.compile(r"([a-z-]+):([a-z_-]+)")


def room_of(model):
    return model.__module__.split(".")[1] if model.__module__.startswith("courseware.") else None


def reverse_accessors():
    """Room → the names under which its models are reached from those of other rooms: `enrollment.attempts`."""
    found = {room: set() for room in ROOMS}
    for model in filter(room_of, apps.get_models()):
        for relation in model._meta.related_objects:
            upper = room_of(relation.related_model)
            if upper and upper != room_of(model) and (accessor := relation.get_accessor_name()):
                found[upper] |= {accessor, relation.name}
    return found


def url_namespaces():
    """Namespace → the room whose urls it holds: it bears the room's name."""
    return {name: name for name in get_resolver().namespace_dict if name in ROOMS}


def addresses():
    """First part of an address ("learn") → the rooms that serve it."""
    found = {}
    for room in ROOMS:
        urls = HOUSE / room / "urls.py"
        for route in re.findall(r'["\']([a-z]+)/', urls.read_text(encoding="utf-8")) if urls.exists() else ():
            found.setdefault(route, set()).add(room)
    return found


def admin_pages():
    """Name of a page a room adds to the admin → that room."""
    return {
        name: room
        for room in ROOMS
        for file in code_of(room)
        if file.stem.endswith("admin")
        for name in re.findall(r'name="([a-z_-]+)"', file.read_text(encoding="utf-8"))
    }


def bare_url_names():
    """Url name that is looked up without a namespace → the room whose it is."""
    found = {}
    for room in ROOMS:
        urls = HOUSE / room / "urls.py"
        text = urls.read_text(encoding="utf-8") if urls.exists() else ""
        if "app_name" not in text:
            found |= dict.fromkeys(re.findall(r'name="([\w-]+)"', text), room)
    return found


ACCESSORS, NAMESPACES, ADDRESSES = reverse_accessors(), url_namespaces(), addresses()
ADMIN_PAGES, BARE_URL_NAMES = admin_pages(), bare_url_names()


def out_of_reach(room):
    return set(ROOMS) - BELOW[room] - {room}


def accessors_out_of_reach(room):
    """Names that only rooms above or beside give to models; what a reachable room calls so as well is no trespass.

    Without Django there are no models, and a name is only a name.
    """
    if room in WITHOUT_DJANGO:
        return set()
    reachable = set().union(*(ACCESSORS[other] for other in BELOW[room] | {room}))
    return set().union(*(ACCESSORS[other] for other in out_of_reach(room))) - reachable


def url_trespass(room, text):
    """What is wrong with a string, taken as a url name or an address."""
    if match := URL_NAME.fullmatch(text):
        space, name = match.groups()
        # Django names the pages of a model in the admin after its room: learning_enrollment_change.
        owner = ADMIN_PAGES.get(name, name.partition("_")[0]) if space == "admin" else NAMESPACES.get(space)
        return owner in out_of_reach(room)
    if text in BARE_URL_NAMES:
        return BARE_URL_NAMES[text] in out_of_reach(room)
    first = re.match(r"/([a-z]+)/", text)
    owners = ADDRESSES.get(first[1], set()) if first else set()
    return bool(owners) and owners <= out_of_reach(room)


def trespasses_in_code(room, file):
    names = accessors_out_of_reach(room)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield node.lineno, f".{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg and names.intersection(node.arg.split("__")):
            yield node.value.lineno, f"{node.arg}="
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_lookup = re.fullmatch(r"-?[a-z_]+", node.value) and names.intersection(
                node.value.lstrip("-").split("__")
            )
            if is_lookup or url_trespass(room, node.value):
                yield node.lineno, repr(node.value)


def trespasses_in_template(room, file):
    text = file.read_text(encoding="utf-8")
    for tag in TAG.finditer(text):
        line = text.count("\n", 0, tag.start()) + 1
        for name in accessors_out_of_reach(room):
            if re.search(rf"\.{name}\b", tag[0]):
                yield line, f".{name}"
        for string in re.findall(r"""["']([^"']+)["']""", tag[0]):
            folder, slash, _name = string.partition("/")
            if url_trespass(room, string) or (slash and folder in out_of_reach(room)):
                yield line, repr(string)
    for match in re.finditer(r"""(?:href|action|src)=["'](/[^"']*)""", text):
        if url_trespass(room, match[1]):
            yield text.count("\n", 0, match.start()) + 1, repr(match[1])


@pytest.mark.parametrize(
    ("room", "text", "is_told"),
    [
        ("learning", "assessment:exam", True),
        ("assessment", "learning:step", False),
        ("content", "admin:learning_enrollment_changelist", True),
        ("learning", "admin:content_course_changelist", False),
        ("content", "account_login", True),
        ("content", "/learn/tea-room/", True),
    ],
)
def test_a_url_of_a_room_above_or_beside_is_told(room, text, is_told):
    assert url_trespass(room, text) is is_told


def test_every_template_is_of_a_room_or_of_the_front_door():
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders == {"admin", *TEMPLATES_OF, *TEMPLATES_OF_THE_FRONT_DOOR} | folders.intersection(ROOMS)
    of_admin = {path.name for path in (TEMPLATES / "admin").iterdir() if path.is_dir()}
    assert of_admin <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_reaches_up_through_a_relation_a_url_or_a_template(room):
    found = places(code_of(room), lambda file: trespasses_in_code(room, file))
    found += places(templates_of(room), lambda file: trespasses_in_template(room, file))
    assert not found, "\n".join(found)


# Names


def test_modules_are_named_for_their_subject():
    assert not [path for path in HOUSE.rglob("*.py") if path.stem in NAMES_WITHOUT_A_SUBJECT]


def places_of_names(names_in):
    """Name → the files of the house that have it; `names_in` yields those of one file."""
    found = {}
    for room in ROOMS:
        for file in code_of(room):
            if "commands" not in file.parts:
                for name in names_in(file):
                    found.setdefault(name, set()).add(str(file.relative_to(HOUSE)))
    return found


def test_no_two_modules_bear_one_name():
    """Beside those that Django looks for; a check is named for what it checks, and a page for what it shows."""
    found = places_of_names(lambda file: {file.stem} - NAMES_OF_DJANGO - {"__init__"})
    found = {
        name: {place for place in places if not {"checking", "views"}.intersection(place.split("/"))}
        for name, places in found.items()
    }
    assert not {name: places for name, places in found.items() if len(places) > 1}


def test_a_name_that_is_imported_is_one_thing():
    """Two functions of one name are told apart by their modules only: `running.start`, `attempting.start`."""
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in HOUSE.rglob("*.py")}
    sources = {}
    for file in HOUSE.rglob("*.py"):
        for name in set(modules_imported_by(file)) - modules:
            if name.startswith("courseware."):
                sources.setdefault(name.rpartition(".")[2], set()).add(name)
    assert not {name: places for name, places in sources.items() if len(places) > 1}


def test_no_two_classes_bear_one_name():
    found = places_of_names(
        lambda file: [
            node.name
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
    )
    assert not {name: places for name, places in found.items() if len(places) > 1}


# Locks: docs/architecture.md has their order


def test_a_lock_on_a_row_lets_others_write_rows_that_name_it():
    """Nothing deletes a row it has locked, so nobody who only names the row has to wait, or can dead-lock."""
    found = {}
    for file in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
                words = {word.arg: ast.unparse(word.value) for word in node.keywords}
                found[f"{file.relative_to(ROOT)}:{node.lineno}"] = words.get("no_key")
    assert set(found.values()) == {"True"}, found
