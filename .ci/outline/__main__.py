"""Two states of the site compared by what they say: every address, role, form, letter, record and command.

    python .ci/outline take BEFORE --checkout ../old      # any checkout that has a .venv with its development packages
    python .ci/outline take AFTER                         # this one
    python .ci/outline compare BEFORE AFTER --ignore styles,scripts,ties

`take` makes its worlds in databases of its own, at a moment that is always the same (frozen.py), and writes one text
file for each address (worlds.py); each page is told as lines in document order (markup.py). `compare` prints what
differs and ends with 1 where anything does. To be ignored: styles and scripts (which files a page loads), ties (how a
field is tied to its label, hint and error; which they are is always compared).

It lies outside of what it looks at: the checkout may be older or newer than this folder. The people and what they did
come from the checkout's own tests/world.py, so that has to make the same firm on both sides.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORLDS = ("small-firm", "demo-firm", "checker")
KNOWN, HEADING = "known mistakes.txt", re.compile("=== ")
LINES = {
    "styles": re.compile(r"style: |header Link: "),
    "scripts": re.compile(r"script: |link: .* rel=modulepreload"),
    "ties": re.compile(r"\s*ties:"),
}


def take(folder: Path, checkout: Path, worlds: list[str]) -> int:
    """A process for each world, two at a time: they share nothing."""
    python = checkout / ".venv" / "bin" / "python"
    with tempfile.TemporaryDirectory() as data:
        waiting, failed = list(worlds), 0
        running: list[subprocess.Popen] = []
        while waiting or running:
            while waiting and len(running) < 2:
                running.append(begin(python, checkout, waiting.pop(0), folder.resolve(), Path(data)))
            failed += bool(running.pop(0).wait())
    return failed


def begin(python: Path, checkout: Path, world: str, folder: Path, data: Path) -> subprocess.Popen:
    own = data / world
    own.mkdir()
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    environment |= {"PYTHONHASHSEED": "0", "PYTHONPATH": f"{HERE}:{checkout}", "LANG": "C.UTF-8", "TZ": "UTC"}
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATA_DIR": str(own), "SECRET_KEY": "the same " * 9}
    return subprocess.Popen([python, HERE, "_world", world, folder / world], cwd=checkout, env=environment)


def take_world(world: str, folder: Path) -> None:
    """In the process of its own, whose working directory is the checkout."""
    import shutil

    import frozen

    frozen.freeze()
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    call_command("createcachetable", verbosity=0)
    import logging

    import worlds

    logging.disable(logging.CRITICAL)
    shutil.rmtree(folder, ignore_errors=True)
    worlds.WORLDS[world](folder)


def compare(before: Path, after: Path, ignored: list[str]) -> int:
    """How many files differ."""
    names = sorted({path.relative_to(root) for root in (before, after) for path in root.rglob("*.txt")})
    differing = 0
    for name in names:
        old, new = (lines(root / name, ignored) for root in (before, after))
        if name.name == KNOWN:
            old, new = in_both(old, new)
        if old != new:
            differing += 1
            sys.stdout.writelines(difflib.unified_diff(old, new, f"before/{name}", f"after/{name}"))
    print(f"{len(names)} files, {differing} differ")
    return differing


def in_both(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Without the cases that only one of the two has: a test more is no difference of the site."""
    common = set(filter(HEADING.match, old)) & set(filter(HEADING.match, new))
    return without(old, common), without(new, common)


def without(found: list[str], common: set[str]) -> list[str]:
    heading, kept = "", []
    for line in found:
        heading = line if HEADING.match(line) else heading
        kept += [line] if heading in common else []
    return kept


EMPTY, PERMISSION = re.compile(r'(field \S+ \S+) = ""'), re.compile(r'  option \d+ (".+ \| .+ \| .+")')


def alike(line: str) -> str:
    """What means the same is written the same: no value and an empty one; the line break that begins a text area; a
    permission under another key.
    """
    line = re.sub(r"(field textarea \S+ = ['\"])\\n", r"\1", line)
    return PERMISSION.sub(r"  option … \1", EMPTY.sub(r"\1", line))


def lines(file: Path, ignored: list[str]) -> list[str]:
    if not file.exists():
        return []
    found = (alike(line) for line in file.read_text(encoding="utf-8").splitlines(keepends=True))
    return [line for line in found if not any(LINES[each].match(line) for each in ignored)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    taking = verbs.add_parser("take")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--checkout", type=Path, default=HERE.parents[1])
    taking.add_argument("--only", action="append", choices=WORLDS, help="One of the worlds (default: all)")
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--ignore", default="", help=f"Of {','.join(LINES)}, separated by commas")
    inside = verbs.add_parser("_world")
    inside.add_argument("world", choices=WORLDS)
    inside.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.verb == "_world":
        take_world(given.world, given.folder)
    elif given.verb == "take":
        sys.exit(min(take(given.folder, given.checkout.resolve(), given.only or list(WORLDS)), 1))
    else:
        ignored = [each for each in given.ignore.split(",") if each]
        if unknown := set(ignored) - set(LINES):
            parser.error(f"--ignore: expected some of {', '.join(LINES)}, got {', '.join(unknown)}")
        sys.exit(min(compare(given.before, given.after, ignored), 1))


if __name__ == "__main__":
    main()
