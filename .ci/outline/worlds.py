"""What is looked at: the small firm of the tests, the demo firm with the shipped course, and what commands say.

Of the site's own modules as few as can be are named here, so that the same script runs before and after they move:
tests.world, tests.making, tests.site.routes, `forms` of tests.site.test_access, the demo's password, and commands.
"""

import hashlib
import importlib
import io
import json
import random
import re
import tempfile
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from asking import LANGUAGES, PLACEHOLDER, Visitor, forms_in, links_in, route_of
from frozen import chance
from markup import mask

SAME = "=" * 3


class Book:
    """Files of blocks: a heading, who sees it, and what is seen; those who see the same stand together."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files = defaultdict(lambda: defaultdict(dict))

    def write(self, file: str, heading: str, text: str, who: str = "") -> None:
        self.files[file][heading].setdefault(text, []).append(who)

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for file, headings in self.files.items():
            blocks = (
                f"{SAME} {heading}: {', '.join(dict.fromkeys(who))}\n{text.rstrip()}\n\n"
                for heading, texts in sorted(headings.items())
                for text, who in texts.items()
            )
            name = quote(file.strip("/").replace("/", ",") or "home", safe=" ,=&?<>")[:150]
            (self.folder / f"{name}.txt").write_text("".join(blocks), encoding="utf-8")


# The small firm of the tests ------------------------------------------------------------------------------------------


# The same on both sides, whatever the tests come to send.
FILLED = {
    "team/people/<int:pk>/time/": {"time": "double"},
    "team/people/<int:pk>/extend/": {"due_on": "2030-01-31"},
    "team/people/<int:pk>/excuse/": {"reason": "On leave"},
}


def small_firm(folder: Path) -> None:
    """Every address × every role × both languages: looked at, sent as the page would, empty, and full of nonsense."""
    from tests.site.routes import NoPlace, fill_in, routes
    from tests.site.test_access import forms
    from tests.world import ROLES, make_world

    chance.begin("small firm")
    world = make_world()
    tables(folder)
    book, filled = Book(folder / "addresses"), forms(world) | FILLED
    visitors = [Visitor(role, world.people.get(role)) for role in ROLES]
    pages = Book(folder / "forms")
    for route in dict.fromkeys(route for route, _pattern in routes()):
        file = PLACEHOLDER.sub(r"<\1>", route)
        try:
            address = fill_in(route, world.places)
        except NoPlace as lacking:
            book.write(file, "no place", str(lacking).split(":")[0])
            continue
        for visitor in visitors:
            for language in LANGUAGES:
                look(book, file, visitor, language, address, filled.get(route))
                if visitor.name != "anonymous" or not file.startswith("admin"):
                    send_all(pages, visitor, language, address)
    book.save()
    pages.save()


def look(book: Book, file: str, visitor: Visitor, language: str, address: str, fields: dict | None) -> None:
    asked = {"GET": None, "POST empty": {}} | ({"POST": fields} if fields else {})
    for what, data in asked.items():
        book.write(file, f"{what} {language}", visitor.ask(address, language, data).text, visitor.name)
    if visitor.name == "learner":
        for what, data in asked.items():
            answer = visitor.ask(address, language, data, is_partial=True)
            book.write(file, f"{what} (htmx) {language}", answer.text, visitor.name)


def send_all(book: Book, visitor: Visitor, language: str, address: str) -> None:
    """Send every form of a page that nobody of this name has sent yet in this language."""
    answer = visitor.ask(address, language)
    if answer.status == 200 and answer.page:
        send_forms(book, visitor, language, answer.page, answer.address)


SENT: set[tuple] = set()


def send_forms(book: Book, visitor: Visitor, language: str, soup, address: str) -> None:
    for form in forms_in(soup, address):
        route = route_of(form.address)
        key = (visitor.name, language, form.method, route, form.how, frozenset(form.data))
        if key in SENT or route == "nowhere":
            continue
        SENT.add(key)
        data = {name: value for name, value in form.data.items() if value is not None}
        if form.method == "get":
            answer = visitor.ask(f"{form.address}?{query(data)}", language)
        else:
            answer = visitor.ask(form.address, language, data)
        book.write(route, f"{form.method} {mask(form.address)} {form.how} {language}", answer.text, visitor.name)


def query(data: dict) -> str:
    return urlencode(data, doseq=True)


# The demo firm --------------------------------------------------------------------------------------------------------

STAFF = {"manager@example.com": "/team/", "editor@example.com": "/admin/", "admin@example.com": "/admin/"}
SAME_AGAIN = re.compile(r"[?&](o=|_changelist_filters|_popup)")  # the admin's lists in other orders
PAGES, WHOLE_WALK, SHORT_WALK = 160, 60, 8  # pages of one walk, and of one route in it


def demo_firm(folder: Path) -> None:
    """The shipped course with the demo people: each walks from home as far as links lead."""
    from django.apps import apps

    commands = Book(folder / "commands")
    chance.begin("demo firm")
    for command in (["import_content"], ["make_demo"], ["import_content"], ["make_demo"]):
        run(commands, command)
    tables(folder)
    certificates = []
    pages, forms = Book(folder / "pages"), Book(folder / "forms")
    for person in apps.get_model("accounts.User").objects.order_by("pk"):
        visitor = Visitor(person.email, person)
        for language in LANGUAGES:
            bound = WHOLE_WALK if person.pk % 5 == 0 and person.email not in STAFF else SHORT_WALK
            certificates += walk(pages, forms, visitor, language, STAFF.get(person.email), bound)
    stranger = Visitor("anonymous")
    for address in ["/", "/accounts/login/", "/nowhere/", *dict.fromkeys(certificates)]:
        for language in LANGUAGES:
            answer = stranger.ask(address, language)
            pages.write(address, language, answer.text, "anonymous")
            send_forms(forms, stranger, language, answer.page, answer.address)
    pages.save()
    forms.save()
    reports(commands)
    commands.save()


def walk(pages: Book, forms: Book, visitor: Visitor, language: str, start: str | None, bound: int) -> list[str]:
    """Every page from home on, breadth first, within bounds. Returns the addresses of certificates."""
    waiting = ["/", *([start] if start else [])]
    known, of_a_route = set(waiting), defaultdict(int)
    for number, address in enumerate(waiting):
        if number == PAGES:
            break
        answer = visitor.ask(address, language)
        pages.write(address, language, answer.text, visitor.name)
        if not answer.page:
            continue
        send_forms(forms, visitor, language, answer.page, answer.address)
        for link in links_in(answer.page, answer.address):
            route = route_of(link)
            if link not in known and of_a_route[route] < bound and not SAME_AGAIN.search(link):
                known.add(link)
                of_a_route[route] += 1
                waiting.append(link)
    return [address for address in waiting if address.startswith("/certificates/")]


# Records --------------------------------------------------------------------------------------------------------------

PASSING = ("django_session", "django_migrations", "sqlite_", "django_content_type", "auth_permission", "cache")


def tables(folder: Path) -> None:
    """Every row of every table, as the world was made."""
    from django.db import connection

    (folder / "tables").mkdir(parents=True, exist_ok=True)
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table.startswith(PASSING):
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            lines = sorted(row_line(names, row) for row in cursor.fetchall())
            (folder / "tables" / f"{table}.txt").write_text(mask("".join(lines)), encoding="utf-8")


def row_line(names: list[str], row: tuple) -> str:
    values = {name: readable(value) for name, value in zip(names, row, strict=True)}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str) + "\n"


def readable(value):
    """JSON is the same in any order of its keys; bytes and what is very long are told by a digest."""
    if isinstance(value, bytes | memoryview):
        return f"sha256 {hashlib.sha256(bytes(value)).hexdigest()}"
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            value = json.dumps(json.loads(value), ensure_ascii=False, sort_keys=True)
    return value


# Commands -------------------------------------------------------------------------------------------------------------


def said(command: list[str], *hidden: str) -> str:
    """What a command prints and how it ends; the paths `hidden` are left out."""
    from django.core.management import CommandError, call_command

    out, err, end = io.StringIO(), io.StringIO(), ""
    with redirect_stdout(out), redirect_stderr(err):
        try:
            call_command(*command, stdout=out, stderr=err)
        except SystemExit as exit_:
            end = f"exit {exit_.code}\n"
        except CommandError as error:
            end = f"error: {error}\n"
        except Exception as error:
            end = f"{type(error).__name__}: {error}\n"
    text = f"{out.getvalue()}\n{err.getvalue()}\n{end}"
    for path in hidden:
        text = text.replace(str(path), "<folder>")
    return mask(text)


def run(book: Book, command: list[str], *hidden: str) -> None:
    shown = " ".join("<folder>" if str(part) in map(str, hidden) else str(part) for part in command)
    book.write(command[0], shown, said(command, *hidden))


def reports(book: Book) -> None:
    from django.conf import settings

    for command in (
        ["check_content"],
        ["check_content", "--complete"],
        ["check_content", "--strict", "--complete"],
        ["content_report"],
        ["content_report", "--language", "zh-hans"],
        ["content_report", "--html"],
        ["play_simulations"],
        ["import_content", "--dry-run"],
        ["check_records"],
        ["verify_evidence"],
    ):
        run(book, command)
    against = max(settings.CONTENT_DIR.glob("*/*/*.zh-hans.md"), key=lambda path: path.stat().st_size)
    run(book, ["check_content", "--against", str(against)], str(against))
    with tempfile.TemporaryDirectory() as folder:
        run(book, ["export_content", folder], folder)
        files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
        lines = (f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
        book.write("export_content", "files", "\n".join(lines))


# The checker's sentences ----------------------------------------------------------------------------------------------


def broken_courses(folder: Path) -> None:
    """What check_content says of damaged courses: each line of the sample course damaged in turn, the mistakes that the
    tests know, and the shipped course with a mistake in every file.
    """
    from tests.making import make_files

    book = Book(folder / "checker")
    files = make_files()
    for path, body in files.items():
        for how, damaged in damages(body):
            book.write(path, how, checked(files | {path: damaged}))
    for path in files:
        book.write("a file is gone", path, checked({name: body for name, body in files.items() if name != path}))
    for path, old, new, files in known_mistakes():
        book.write("known mistakes", f"{path} {old!r} → {new!r}", checked(files))
    shipped_course(book)
    book.save()


def damages(body: bytes):
    """(what was done to which line, the file after it)."""
    lines = body.decode().splitlines(keepends=True)
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        changed = {"out": "", "twice": line * 2}
        changed |= {f"without {sign}": line.replace(sign, "", 1) for sign in "{}#[]:=>-" if sign in line}
        words = [word for word in re.findall(r"[\w-]{3,}", line) if word.isascii()]
        changed |= {f"{word} misspelt": line.replace(word, word[:-1] + "qx", 1) for word in words[:2]}
        for how, new in changed.items():
            yield f"{number + 1:03} {how}", "".join([*lines[:number], new, *lines[number + 1 :]]).encode()


def checked(files: dict[str, bytes], *options: str) -> str:
    with tempfile.TemporaryDirectory() as root:
        for path, body in files.items():
            file = Path(root, "course", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        return said(["check_content", root, *options], root)


def known_mistakes():
    """(path, old, new, files) of the parametrized tests of the checker, wherever they lie."""
    from tests.making import make_files

    for file in sorted(Path("tests").rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if "parametrize" not in text or "old" not in text:
            continue
        try:
            module = importlib.import_module(".".join(file.with_suffix("").parts))
        except Exception:
            continue
        for test in vars(module).values():
            for values in mistakes_of(test):
                path, old, new = values.get("path"), values["old"], values["new"]
                try:
                    files = with_mistake(make_files(), path, old, new) if path else module.drill_files(old, new)
                except (AttributeError, AssertionError, KeyError, TypeError):
                    continue
                yield path or "drill", old, new, files


def mistakes_of(test):
    for marked in getattr(test, "pytestmark", []):
        if marked.name == "parametrize" and len(marked.args) > 1:
            names = marked.args[0] if not isinstance(marked.args[0], str) else re.split(r",\s*", marked.args[0])
            if {"old", "new"} <= set(names):
                for values in marked.args[1]:
                    yield dict(zip(names, getattr(values, "values", values), strict=True))


def with_mistake(files: dict[str, bytes], path: str, old: str, new: str) -> dict[str, bytes]:
    assert old in files[path].decode()
    return files | {path: files[path].decode().replace(old, new, 1).encode()}


ROUNDS = 8


def shipped_course(book: Book) -> None:
    from django.conf import settings

    root = settings.CONTENT_DIR / "customer-service-safety"
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    for number in range(ROUNDS):
        damaged = dict(files)
        for path, body in files.items():
            if path.endswith(".md") and (ways := list(damages(body))):
                damaged[path] = random.Random(f"{number} {path}").choice(ways)[1]
        book.write("the shipped course", f"{number:02}", checked(damaged, "--complete"))


WORLDS = {"small-firm": small_firm, "demo-firm": demo_firm, "checker": broken_courses}
