"""Which of the pages that a test opens it also examines.

`make deep` and tests run by hand examine every page. With `--changed-since` (see tests/changes.py), `.ci/run` examines

- the pages of `REPRESENTATIVE`,
- at most `AT_MOST` other pages a test, if something that is behind the page changed: a template, a style, a script, the
  module of its view, the module of a form of that view, the module of an option in its route, or a translation that
  stands on the page.

What every page has in common (base.html and what it names) does not count as changed: representative pages show it.
"""

import re
import sys
from functools import cache
from types import ModuleType
from urllib.parse import urlsplit

from django.forms import BaseForm
from django.test.signals import template_rendered
from django.urls import Resolver404, resolve

from tests.changes import ROOT, Changes

AT_MOST = 10
REPRESENTATIVE = {
    "",
    "learn/<id:course>/<id:step>/",
    "learn/<id:course>/record/",
    "learn/<id:course>/emergency-card/",
    "learn/<id:course>/print/",
    "search/",
    "phrases/",
    "daily/",
    "notifications/",
    "calendar/",
    "exam/<id:course>/<id:exam>/",
    "attempts/<int:pk>/",
    "attempts/<int:pk>/review/",
    "attempts/<int:pk>/result/",
    "simulations/<id:course>/<id:simulation>/",
    "simulation-attempts/<int:pk>/",
    "certificates/<slug:number>/",
    "accounts/login/",
    "accounts/two-factor/",
    "accounts/sessions/",
    "accounts/password/change/",
    "team/",
    "team/today/",
    "team/people/<int:pk>/",
    "team/reports/",
    "team/trends/",
    "team/teams/",
    "people/actions/extend/",
    "people/",
    "people/<int:pk>/",
    "people/new/",
    "people/import/",
    "people/import/<int:roster>/",
    "people/teams/<int:pk>/",
    "people/emails/",
    "rules/",
    "rules/<int:pk>/",
    "admin/",
    "admin/content/document/<path:object_id>/change/",
    "admin/learning/enrollment/",
}
NAMES_TEMPLATE = re.compile(r"{%\s*(?:extends|include|cached_include)\s+[\"']([\w/.-]+)[\"']")
NAMES_STATIC_FILE = re.compile(r"{%\s*static\s+[\"']([\w/.-]+)[\"']")
BETWEEN_VALUES = re.compile(r"%\(\w+\)[sd]|%[sd]|<[^>]*>|\n")
STATIC_FILES = """() => performance.getEntriesByType("resource").map((entry) => entry.name)"""
TEXT = "() => document.documentElement.textContent"


class PageSelection:
    """Decide for the pages of one test, in the order the browser opens them."""

    def __init__(self, changes: Changes | None):
        self.changes = changes
        self.rendered: set[str] = set()
        self.examined = self.left_out = 0
        template_rendered.connect(self.note_template)

    def note_template(self, template, **_kwargs):
        if template.name:
            self.rendered.add(template.name)

    def includes(self, page) -> bool:
        """Return whether to examine the open page."""
        if self.changes is None:
            return True
        path, rendered = urlsplit(page.url).path, self.rendered
        self.rendered = set()
        if route_of(path) in REPRESENTATIVE:
            return True
        if not self.has_changed(page, path, rendered):
            return False
        if self.examined == AT_MOST:
            self.left_out += 1
            return False
        self.examined += 1
        return True

    def has_changed(self, page, path, rendered) -> bool:
        changed = self.changes.files - shared_sources()
        behind = {*view_sources(path), *template_sources(rendered), *static_sources(page.evaluate(STATIC_FILES))}
        return not changed.isdisjoint(behind) or shows(page.evaluate(TEXT), self.changes.translations)


def route_of(path: str) -> str | None:
    match = match_of(path)
    return match.route if match else None


def match_of(path):
    try:
        return resolve(path)
    except Resolver404:
        return None


def view_sources(path: str) -> set[str]:
    """Return files of the view module, its form modules, and options in its route."""
    match = match_of(path)
    if match is None:
        return set()
    view = match.func
    owner = type(view.model_admin) if hasattr(view, "model_admin") else getattr(view, "view_class", view)
    module = sys.modules[owner.__module__]
    imported = [value for value in vars(module).values() if isinstance(value, ModuleType)]
    forms = [form for each in (module, *imported) for form in forms_in(each)]
    options = [*match.kwargs.values()]
    forms += [option.form for option in options if is_form(getattr(option, "form", None))]
    names = {module.__name__, *(each.__module__ for each in (*forms, *map(type, options)))}
    return {name.replace(".", "/") + ending for name in names for ending in (".py", "/__init__.py")}


def forms_in(module) -> list[type[BaseForm]]:
    return [value for value in vars(module).values() if is_form(value)]


def is_form(value) -> bool:
    return isinstance(value, type) and issubclass(value, BaseForm)


def template_sources(names) -> set[str]:
    """Return files of these templates and of those they extend or include."""
    return {f"templates/{name}" for name in with_included(names)}


def with_included(names) -> set[str]:
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += NAMES_TEMPLATE.findall(template_text(name))
    return found


@cache
def template_text(name: str) -> str:
    file = ROOT / f"templates/{name}"  # the name may be a SafeString
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def static_sources(addresses) -> set[str]:
    paths = [urlsplit(address).path for address in addresses]
    return {path.removeprefix("/") for path in paths if path.startswith("/static/")}


@cache
def shared_sources() -> frozenset[str]:
    """Return the files every page uses."""
    names = with_included(["base.html"])
    static = [f"static/{file}" for name in names for file in NAMES_STATIC_FILE.findall(template_text(name))]
    return frozenset([*template_sources(names), *static])


def shows(text: str, translations) -> bool:
    """Return whether all parts of one translation, between placeholders and tags, are in the text."""
    for translation in translations:
        parts = [part.strip() for part in BETWEEN_VALUES.split(translation) if part.strip()]
        if parts and all(part in text for part in parts):
            return True
    return False


selection = PageSelection(None)


def begin(changes: Changes | None) -> PageSelection:
    """Start a new selection for the next test."""
    global selection
    template_rendered.disconnect(selection.note_template)
    selection = PageSelection(changes)
    return selection


def is_selected(page) -> bool:
    return selection.includes(page)
