"""The generated parts of docs/settings.md and docs/commands.md.

`python -m tests.site.reference_tables` writes them; tests/site/test_docs.py compares them.
"""

import ast
import re
import textwrap
from argparse import Action
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "courseware" / "settings.py"
READERS = {"env", "switch", "count", "number_up_to"}
COMPANY_SETTINGS = (
    "SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "DATABASE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "COMPANY_NAME",
    "BACKUP_DIR",
)  # fmt: skip
COMMANDS = {
    "Operation": ["upgrade", "backup", "restore", "copy_database", "run_worker", "process_bounce", "clearsessions"],
    "Records": ["check_records", "verify_audit_log", "create_checkpoint"],
    "People": ["import_people", "preview_rules", "reset_two_factor"],
    "Courses": [
        "import_content", "export_content", "check_content", "content_report", "content_facts", "content_points",
        "play_simulations",
    ],
    "Development": ["create_demo", "export_openapi", "generate_holidays"],
}  # fmt: skip
OF_EVERY_COMMAND = {
    "help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks",
}  # fmt: skip
WIDTH = 120


# Settings ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    name: str
    meaning: str
    default: str

    @property
    def row(self) -> str:
        return f"| `{self.name}` | {self.meaning} | {self.default} |"


def settings() -> dict[str, Setting]:
    """Name → setting, in the order of settings.py. Raises AssertionError for a setting without a `#:` comment."""
    source = SETTINGS.read_text(encoding="utf-8")
    lines, found = source.splitlines(), {}
    for call, parents in calls(ast.parse(source), []):
        name = call.args[0].value
        if name not in found:
            found[name] = described(name, comment_above(lines, [call, *reversed(parents)]), call, parents)
    return found


def calls(node: ast.AST, parents: list[ast.AST]) -> Iterator[tuple[ast.Call, list[ast.AST]]]:
    """Calls that read an environment variable, with the nodes around each."""
    if isinstance(node, ast.Call) and is_reader(node.func) and node.args and isinstance(node.args[0], ast.Constant):
        yield node, parents
    for child in ast.iter_child_nodes(node):
        yield from calls(child, [*parents, node])


def is_reader(function: ast.expr) -> bool:
    owner = function.value if isinstance(function, ast.Attribute) else function
    return isinstance(owner, ast.Name) and owner.id in READERS


def comment_above(lines: list[str], nodes: Iterable[ast.AST]) -> list[str]:
    """The `#:` lines above the innermost node that has any."""
    for node in nodes:
        above = reversed(lines[: getattr(node, "lineno", 1) - 1])
        if found := list(takewhile(lambda line: line.lstrip().startswith("#: "), above)):
            return [line.strip().removeprefix("#: ") for line in reversed(found)]
    return []


def described(name: str, comment: list[str], call: ast.Call, parents: list[ast.AST]) -> Setting:
    assert comment, f"{name}: expected a `#:` comment above it in settings.py"
    meaning, _, default = "\n".join(comment).partition("\nDefault: ")
    meaning = meaning.replace("\n", " ")
    if meaning.endswith(" Required."):
        return Setting(name, meaning.removesuffix(" Required."), "required")
    return Setting(name, meaning, default.replace("\n", " ").removesuffix(".") or default_in_code(name, call, parents))


def default_in_code(name: str, call: ast.Call, parents: list[ast.AST]) -> str:
    (given,) = (keyword.value for keyword in call.keywords if keyword.arg == "default")
    if isinstance(parents[-1], ast.BoolOp) and isinstance(parents[-1].op, ast.Or):
        given = parents[-1].values[-1]
    try:
        value = ast.literal_eval(given)
    except ValueError:
        raise AssertionError(f"{name}: its default is calculated; expected `#: Default: …` in settings.py") from None
    if value in ("", []):
        return "none"
    return f"`{int(value) if isinstance(value, bool) else value}`"


def settings_table(chosen: Iterable[Setting]) -> str:
    return "\n".join(["| Variable | Meaning | Default |", "|---|---|---|", *(setting.row for setting in chosen)])


def company_settings() -> str:
    found = settings()
    return settings_table(found[name] for name in COMPANY_SETTINGS)


def other_settings() -> str:
    found = settings()
    return settings_table(found[name] for name in sorted(set(found) - {*COMPANY_SETTINGS}))


# Commands ------------------------------------------------------------------------------------------------------------


def own_commands() -> dict[str, str]:
    """Name → app, of the commands that Courseware adds or replaces."""
    from django.core.management import get_commands

    return {name: str(app) for name, app in get_commands().items() if str(app).split(".")[0] == "courseware"}


def commands() -> str:
    apps, parts = own_commands(), []
    for heading, names in COMMANDS.items():
        parts += [f"## {heading}", *(command(apps[name], name) for name in names)]
    return "\n\n".join(parts)


def command(app: str, name: str) -> str:
    from django.core.management import load_command_class

    loaded = load_command_class(app, name)
    actions = [a for a in loaded.create_parser("manage.py", name)._actions if a.dest not in OF_EVERY_COMMAND]
    listed = "\n".join(wrapped(f"- {option(action)}", indent="  ") for action in actions)
    return "\n\n".join(filter(None, [f"### `{name}`", wrapped(loaded.help), listed]))


def option(action: Action) -> str:
    assert action.help, f"{action.dest}: expected a help text"
    choices = "|".join(filter(None, action.choices or []))
    value = action.metavar or choices or action.dest.upper()
    words = [*action.option_strings, *([] if action.nargs == 0 else [f"[{value}]" if action.nargs == "?" else value])]
    return f"`{' '.join(words)}{'…' if action.nargs == '+' else ''}`: {action.help}"


def wrapped(text: str, indent: str = "") -> str:
    text = re.sub(r"(?<![`\w])[A-Z]+_[A-Z_]+(?![`\w])", r"`\g<0>`", text)
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


# Pages ---------------------------------------------------------------------------------------------------------------

PARTS = {
    "company-settings": (ROOT / "docs" / "settings.md", company_settings),
    "other-settings": (ROOT / "docs" / "settings.md", other_settings),
    "commands": (ROOT / "docs" / "commands.md", commands),
}


def marked(part: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- {part}: generated -->\n\n).*?(?=\n\n<!-- end of {part} -->)", re.DOTALL)


def written(part: str) -> str:
    """What the page holds for a part."""
    page, _generate = PARTS[part]
    (found,) = marked(part).findall(page.read_text(encoding="utf-8"))
    return found


def write() -> None:
    for part, (page, generate) in PARTS.items():
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(written(part), generate()), encoding="utf-8")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    write()
