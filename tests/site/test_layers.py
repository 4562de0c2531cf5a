"""A package may use the packages of lower layers, never those above it or beside it.

This holds for imports, and for what imports do not show: reverse accessors of models, URL names, URLs and included
templates. `docs/architecture.md` draws the packages.
"""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import get_resolver

ROOT = Path(__file__).resolve().parents[2]
CODE, TEMPLATES = ROOT / "courseware", ROOT / "templates"
LAYERS = (  # from the bottom up
    {"lib", "course_format"},
    {"audit_log", "autosave"},
    {"branding", "jobs"},
    {"notifications"},
    {"accounts", "content"},
    {"learning"},
    {"simulations"},
    {"assessment"},
    {"learner_home"},
    {"assignments"},
    {"hr"},
    {"reporting"},
    {"project"},
)
PACKAGES = [package for layer in LAYERS for package in sorted(layer)]
BELOW = {package: set().union(*LAYERS[:level]) for level, layer in enumerate(LAYERS) for package in layer}
WITHOUT_DJANGO = {"course_format"}
LAYERS_OF_CONTENT = ("rendering", "releases", "authoring")
ROOT_MODULES = {"__init__", "settings", "urls", "apps", "wsgi", "asgi", "run"}
NAMES_WITHOUT_A_SUBJECT = {"utils", "common", "helpers", "core", "base"}
TEMPLATES_OF = {
    "account": "accounts",
    "allauth": "accounts",
    "mfa": "accounts",
    "usersessions": "accounts",
    "courseware": "lib",
}  # folders whose names a library gave
TEMPLATES_OF_PROJECT = {"errors"}


def code_of(package):
    return [file for file in (CODE / package).rglob("*.py") if "migrations" not in file.parts]


def templates_of(package):
    folders = [TEMPLATES / package, TEMPLATES / "admin" / package]
    folders += [TEMPLATES / folder for folder, owner in TEMPLATES_OF.items() if owner == package]
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def locations(files, find):
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


def packages_imported_by(file):
    parts = (module.split(".") for module in modules_imported_by(file))
    return {part[1] for part in parts if part[0] == "courseware" and len(part) > 1}


def test_all_packages_and_root_modules_are_listed():
    assert {path.name for path in CODE.iterdir() if (path / "__init__.py").exists()} == {*PACKAGES, "management"}
    assert {path.stem for path in CODE.glob("*.py")} == ROOT_MODULES


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_down(package):
    seen = set().union(*map(packages_imported_by, code_of(package)))
    assert seen - {package} <= BELOW[package]


def test_no_import_cycles():
    """Imports inside functions count, too; those for type hints alone do not."""
    in_packages = [file for package in PACKAGES for file in code_of(package)]
    files = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in in_packages}
    imported = {
        name: {found for each in modules_imported_by(file, when_run=True) for found in (each, each.rpartition(".")[0])}
        & files.keys()
        for name, file in files.items()
    }
    TopologicalSorter({name: found - {name} for name, found in imported.items()}).prepare()


@pytest.mark.parametrize("level, layer", list(enumerate(LAYERS_OF_CONTENT)))
def test_content_packages_import_only_lower_ones(level, layer):
    above = {f"courseware.content.{name}" for name in (*LAYERS_OF_CONTENT[level + 1 :], "admin", "views", "urls")}
    imported = {module for file in code_of(f"content/{layer}") for module in modules_imported_by(file)}
    assert not [module for module in imported if any(module.startswith(name) for name in above)]


def test_allauth_internals_are_imported_by_one_module():
    importing = {
        str(file.relative_to(CODE))
        for file in CODE.rglob("*.py")
        if any(re.match(r"allauth\..*\binternal\b", module) for module in modules_imported_by(file))
    }
    assert importing == {"accounts/sign_in/allauth_internals.py"}


def test_api_imports_no_view():
    files = (CODE / "reporting" / "api").glob("*.py")
    imported = {module for file in files for module in modules_imported_by(file)}
    assert "courseware.reporting.dashboard.rows" in imported
    assert not [module for module in imported if ".views." in module]


# What imports do not show

TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
URL_NAME = re.compile(r"([a-z-]+):([a-z_-]+)")


def package_of(model):
    return model.__module__.split(".")[1] if model.__module__.startswith("courseware.") else None


def reverse_accessors():
    """Package → the names under which other packages reach its models: `enrollment.attempts`."""
    found = {package: set() for package in PACKAGES}
    for model in filter(package_of, apps.get_models()):
        for relation in model._meta.related_objects:
            upper = package_of(relation.related_model)
            if upper and upper != package_of(model) and (accessor := relation.get_accessor_name()):
                found[upper] |= {accessor, relation.name}
    return found


def url_namespaces():
    """Namespace → the package whose urls it holds: it bears the package's name."""
    return {name: name for name in get_resolver().namespace_dict if name in PACKAGES}


def addresses():
    """First part of an address ("learn") → the packages that serve it."""
    found = {}
    for package in PACKAGES:
        urls = CODE / package / "urls.py"
        for route in re.findall(r'["\']([a-z]+)/', urls.read_text(encoding="utf-8")) if urls.exists() else ():
            found.setdefault(route, set()).add(package)
    return found


def admin_pages():
    """Name of a page a package adds to the admin → that package."""
    return {
        name: package
        for package in PACKAGES
        for file in code_of(package)
        if "admin" in (file.stem, file.parent.name)
        for name in re.findall(r'name="([a-z_-]+)"', file.read_text(encoding="utf-8"))
    }


def bare_url_names():
    """Url name that is looked up without a namespace → the package whose it is."""
    found = {}
    for package in PACKAGES:
        urls = CODE / package / "urls.py"
        text = urls.read_text(encoding="utf-8") if urls.exists() else ""
        if "app_name" not in text:
            found |= dict.fromkeys(re.findall(r'name="([\w-]+)"', text), package)
    return found


ACCESSORS, NAMESPACES, ADDRESSES = reverse_accessors(), url_namespaces(), addresses()
ADMIN_PAGES, BARE_URL_NAMES = admin_pages(), bare_url_names()


def out_of_reach(package):
    return set(PACKAGES) - BELOW[package] - {package}


def accessors_out_of_reach(package):
    """Names that only packages above or beside give to models; what a reachable package calls so as well is no
    violation.

    Without Django there are no models, and a name is only a name.
    """
    if package in WITHOUT_DJANGO:
        return set()
    reachable = set().union(*(ACCESSORS[other] for other in BELOW[package] | {package}))
    return set().union(*(ACCESSORS[other] for other in out_of_reach(package))) - reachable


def points_up(package, text):
    """What is wrong with a string, taken as a url name or an address."""
    if match := URL_NAME.fullmatch(text):
        space, name = match.groups()
        # Django names the pages of a model in the admin after its package: learning_enrollment_change.
        owner = ADMIN_PAGES.get(name, name.partition("_")[0]) if space == "admin" else NAMESPACES.get(space)
        return owner in out_of_reach(package)
    if text in BARE_URL_NAMES:
        return BARE_URL_NAMES[text] in out_of_reach(package)
    first = re.match(r"/([a-z]+)/", text)
    owners = ADDRESSES.get(first[1], set()) if first else set()
    return bool(owners) and owners <= out_of_reach(package)


def violations_in_code(package, file):
    names = accessors_out_of_reach(package)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield node.lineno, f".{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg and names.intersection(node.arg.split("__")):
            yield node.value.lineno, f"{node.arg}="
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_lookup = re.fullmatch(r"-?[a-z_]+", node.value) and names.intersection(
                node.value.lstrip("-").split("__")
            )
            if is_lookup or points_up(package, node.value):
                yield node.lineno, repr(node.value)


def violations_in_template(package, file):
    text = file.read_text(encoding="utf-8")
    for tag in TAG.finditer(text):
        line = text.count("\n", 0, tag.start()) + 1
        for name in accessors_out_of_reach(package):
            if re.search(rf"\.{name}\b", tag[0]):
                yield line, f".{name}"
        for string in re.findall(r"""["']([^"']+)["']""", tag[0]):
            folder, slash, _name = string.partition("/")
            if points_up(package, string) or (slash and folder in out_of_reach(package)):
                yield line, repr(string)
    for match in re.finditer(r"""(?:href|action|src)=["'](/[^"']*)""", text):
        if points_up(package, match[1]):
            yield text.count("\n", 0, match.start()) + 1, repr(match[1])


@pytest.mark.parametrize(
    ("package", "text", "is_refused"),
    [
        ("learning", "assessment:exam", True),
        ("assessment", "learning:step", False),
        ("content", "admin:learning_enrollment_changelist", True),
        ("learning", "admin:content_course_changelist", False),
        ("content", "account_login", True),
        ("content", "/learn/tea-package/", True),
    ],
)
def test_urls_of_other_layers_are_recognized(package, text, is_refused):
    assert points_up(package, text) is is_refused


def test_each_template_folder_belongs_to_package():
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders == {"admin", *TEMPLATES_OF, *TEMPLATES_OF_PROJECT} | folders.intersection(PACKAGES)
    of_admin = {path.name for path in (TEMPLATES / "admin").iterdir() if path.is_dir()}
    assert of_admin <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_relations_urls_and_templates_point_down(package):
    found = locations(code_of(package), lambda file: violations_in_code(package, file))
    found += locations(templates_of(package), lambda file: violations_in_template(package, file))
    assert not found, "\n".join(found)


# Names


def test_modules_are_named_for_their_subject():
    assert not [path for path in CODE.rglob("*.py") if path.stem in NAMES_WITHOUT_A_SUBJECT]


def locations_of_names(names_in):
    """Name → files that have it; `names_in` yields the names of one file."""
    found = {}
    for package in PACKAGES:
        for file in code_of(package):
            if "commands" not in file.parts:
                for name in names_in(file):
                    found.setdefault(name, set()).add(str(file.relative_to(CODE)))
    return found


def test_at_most_17_modules_are_side_by_side():
    folders = {file.parent for package in PACKAGES for file in code_of(package)}
    sizes = {str(folder.relative_to(CODE)): len(list(folder.glob("[!_]*.py"))) for folder in folders}
    assert not {folder: size for folder, size in sizes.items() if size > 17}


def test_imported_name_is_defined_once():
    """Functions of the same name are used through their modules: `attempts.start`."""
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in CODE.rglob("*.py")}
    sources = {}
    for file in CODE.rglob("*.py"):
        for name in set(modules_imported_by(file)) - modules:
            if name.startswith("courseware."):
                through_package = re.sub(r"\.models\.[a-z_]+(?=\.\w+$)", ".models", name)
                sources.setdefault(name.rpartition(".")[2], set()).add(through_package)
    assert not {name: locations for name, locations in sources.items() if len(locations) > 1}


def test_class_names_are_unique():
    found = locations_of_names(
        lambda file: [
            node.name
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
    )
    assert not {name: locations for name, locations in found.items() if len(locations) > 1}


# Locks: docs/architecture.md has their order


def test_row_locks_use_no_key():
    """Locked rows are not deleted, so writers that only refer to them need not wait."""
    found = {}
    for file in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
                words = {word.arg: ast.unparse(word.value) for word in node.keywords}
                found[f"{file.relative_to(ROOT)}:{node.lineno}"] = words.get("no_key")
    assert set(found.values()) == {"True"}, found
