"""Mutate pure modules with mutmut, in a copy of the tree, and run their tests, which need no database.

Usage: .ci/mutants.py [WORDS OF A MODULE …] Fails if fewer than 90 % of the mutants are caught, or if a canary that
nothing tests is caught.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from line_faults import AT_LEAST, copy_to

MODULES = {  # module → its tests
    "courseware/assessment/exams/grading.py": "tests/assessment/test_grading.py",
    "courseware/simulations/timing.py": "tests/simulations/test_timing.py",
    "courseware/course_format/simulations/conditions.py": "tests/course_format",
    "courseware/course_format/questions/question_types.py": "tests/course_format",
    "courseware/course_format/simulations/simulation.py": "tests/course_format",
    "courseware/course_format/parsing/braces.py": "tests/course_format",
    "courseware/course_format/parsing/marked_text.py": "tests/course_format",
    "courseware/course_format/parsing/lists.py": "tests/course_format",
    "courseware/course_format/reading_time.py": "tests/course_format",
}
CANARY = "courseware/canary.py", "def canary():\n    return 1 + 1\n"
CANARY_TEST = "tests/test_canary.py", "from courseware import canary\n\n\ndef test_nothing():\n    canary.canary()\n"
CAUGHT = {"killed", "timeout", "caught by type check"}
READS_SOURCE = "tests/course_format/test_diagnostic_messages.py"  # a mutated source file contains all mutants
# Files that the tests read, in addition to those that mutmut copies itself.
ALSO = ["tests", "templates", "static", "content", "docs", "benchmarks", "manage.py", "pyproject.toml"]


def configuration(modules: list[str]) -> str:
    tests = dict.fromkeys([*(MODULES[module] for module in modules), CANARY_TEST[0]])
    lists = {
        "source_paths": ["courseware"],
        "only_mutate": [*modules, CANARY[0]],
        "also_copy": ALSO,
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:xdist", "-m", "not shipped and not slow", f"--ignore={READS_SOURCE}"],
    }
    return "[mutmut]\n" + "".join(f"{name}=\n    " + "\n    ".join(values) + "\n" for name, values in lists.items())


def mutated(modules: list[str], tree: Path) -> dict[str, str]:
    """Return mutant → status."""
    copy_to(tree)
    for name, text in (CANARY, CANARY_TEST, ("setup.cfg", configuration(modules))):
        (tree / name).write_text(text, encoding="utf-8")
    mutmut = [Path(sys.executable).with_name("mutmut")]
    jobs = os.environ.get("JOBS", str(os.cpu_count() or 1))
    with (tree / "mutmut.log").open("w", encoding="utf-8") as log:
        ran = subprocess.run([*mutmut, "run", "--max-children", jobs], cwd=tree, stdout=log, stderr=log)
    if ran.returncode:
        raise SystemExit((tree / "mutmut.log").read_text(encoding="utf-8")[-3000:])
    command = [*mutmut, "results", "--all", "true"]
    lines = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True).stdout.splitlines()
    return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


def judge(results: dict[str, str]) -> None:
    canaries = [status for mutant, status in results.items() if mutant.startswith("courseware.canary.")]
    if not canaries or set(canaries) != {"survived"}:
        raise SystemExit(f"a mutant that nothing tests must survive: {canaries}")
    results = {mutant: status for mutant, status in results.items() if not mutant.startswith("courseware.canary.")}
    for mutant, status in results.items():
        if status not in CAUGHT:
            print(f"{status:<12} {mutant}")
    for module in dict.fromkeys(mutant.partition(".x")[0] for mutant in results):
        statuses = Counter(status for mutant, status in results.items() if mutant.startswith(f"{module}.x"))
        caught = sum(statuses[status] for status in CAUGHT)
        print(f"{caught:5d} of {statuses.total():5d}  {module}")
    caught = sum(status in CAUGHT for status in results.values())
    print(f"{caught} of {len(results)} mutants are caught ({100 * caught // len(results)} %)")
    if caught * 100 < AT_LEAST * len(results):
        raise SystemExit(f"at least {AT_LEAST} % must be caught")


def main() -> None:
    words = sys.argv[1:]
    modules = [module for module in MODULES if not words or any(word in module for word in words)]
    if not modules:
        raise SystemExit(f"expected words of these modules: {', '.join(MODULES)}")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        judge(mutated(modules, Path(folder)))


if __name__ == "__main__":
    main()
