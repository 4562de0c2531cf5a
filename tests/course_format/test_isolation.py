"""The package `course_format` imports neither Django nor other packages of the site."""

import subprocess
import sys
from pathlib import Path

COURSE_FORMAT = Path(__file__).resolve().parents[2] / "courseware" / "course_format"

IMPORT_ALL = """
import importlib
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        inside = name == "courseware" or name.startswith("courseware.course_format")
        if name.partition(".")[0] in ("django", "courseware") and not inside:
            raise ImportError(f"{name} is out of reach for courseware.course_format")

sys.meta_path.insert(0, Refusal())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


def test_modules_import_without_django_and_other_packages():
    files = sorted(COURSE_FORMAT.rglob("*.py"))
    modules = [".".join(file.relative_to(COURSE_FORMAT.parents[1]).with_suffix("").parts) for file in files]
    modules = [module.removesuffix(".__init__") for module in modules]
    assert "courseware.course_format.checks.banks" in modules
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, *modules], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
