"""Break one line at a time, each in a copy of the tree, and check that the tests of that rule fail.

Usage: .ci/line_faults.py [--check | WORDS OF A RULE] Fails if fewer than 90 % of the faults are seen.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_suffix(".toml")
AT_LEAST = 90  # percent
SECONDS = 600  # a fault that makes the tests hang counts as seen
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
PASSED, FAILED = 0, 1  # exit codes of pytest; all others mean that the tests did not run


@dataclass(frozen=True)
class Fault:
    rule: str
    file: str
    old: str
    new: str
    tests: str

    def problem(self) -> str:
        """Return why the fault cannot be tried, or ""."""
        path = ROOT / self.file
        found = path.read_text(encoding="utf-8").count(self.old) if path.exists() else 0
        lacking = [test for test in self.tests.split() if not (ROOT / test).exists()]
        if found != 1:
            return f"{self.file} contains {found} times instead of once: {self.old!r}"
        return f"there is no {', '.join(lacking)}" if lacking else ""

    def put_into(self, tree: Path) -> None:
        path = tree / self.file
        path.write_text(path.read_text(encoding="utf-8").replace(self.old, self.new), encoding="utf-8")


def all_faults() -> list[Fault]:
    faults = [Fault(**fields) for fields in tomllib.loads(TABLE.read_text(encoding="utf-8"))["fault"]]
    if problems := [f"{fault.rule}: {problem}" for fault in faults if (problem := fault.problem())]:
        raise SystemExit(f"{TABLE.name} does not fit the code:\n" + "\n".join(problems))
    return faults


def copy_to(tree: Path) -> None:
    """Copy all files that git tracks, and new ones that it does not ignore."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def exit_code(tests: Iterable[str], fault: Fault | None) -> int:
    """Run the tests on a copy of the tree, with or without a fault; return the exit code of pytest."""
    with tempfile.TemporaryDirectory(prefix="line-fault-") as folder:
        copy_to(Path(folder))
        if fault:
            fault.put_into(Path(folder))
        workers = "0" if fault else str(JOBS)  # faults are tried side by side
        options = ["-q", "-x", "-n", workers, "-m", "not browser and not faults"]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        environment = {"DATA_DIR": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            seconds = SECONDS if fault else None  # without a fault, the tests of all rules run
            ran = subprocess.run(
                command, cwd=folder, env=os.environ | environment, capture_output=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return FAILED
        if ran.returncode not in (PASSED, FAILED):
            print(ran.stdout.decode()[-3000:], ran.stderr.decode()[-3000:], file=sys.stderr)
        return ran.returncode


def is_seen(fault: Fault) -> bool:
    began = time.monotonic()
    code = exit_code(fault.tests.split(), fault)
    if code not in (PASSED, FAILED):
        raise SystemExit(f"{fault.rule}: the tests could not be run (pytest exits with {code})")
    print(f"{'seen' if code else 'SURVIVES':<9} {time.monotonic() - began:4.0f} s  {fault.rule}", flush=True)
    return code == FAILED


def tried(faults: list[Fault]) -> None:
    """Try the faults. The tests must pass without them first, or the result means nothing."""
    tests = sorted({test for fault in faults for test in fault.tests.split()})
    if exit_code(tests, None) != PASSED:
        raise SystemExit(f"the tests must pass without a fault, but fail: {' '.join(tests)}")
    with ThreadPoolExecutor(JOBS) as workers:
        seen = sum(workers.map(is_seen, faults))
    print(f"{seen} of {len(faults)} faults are seen ({100 * seen // len(faults)} %)")
    if seen * 100 < AT_LEAST * len(faults):
        raise SystemExit(f"at least {AT_LEAST} % must be seen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only check that the table fits the code")
    parser.add_argument("words", nargs="?", default="", help="only faults whose rule contains these words")
    options = parser.parse_args()
    faults = [fault for fault in all_faults() if options.words in fault.rule]
    if not faults:
        raise SystemExit(f"no rule contains the words {options.words!r}")
    if not options.check:
        tried(faults)


if __name__ == "__main__":
    main()
