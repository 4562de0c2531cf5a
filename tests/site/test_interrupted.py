"""Ctrl+C while a program still loads what it needs is no mistake: it ends at once and without a word."""

import subprocess
import sys

import pytest

from courseware.starting import BASE_DIR

INTERRUPTED = """
import runpy, sys
class PressedOn:
    def find_spec(self, name, *args):
        if name == "{module}":
            raise KeyboardInterrupt
sys.meta_path.insert(0, PressedOn())
sys.argv = ["{program}", "check"]
runpy.{run}("{program}", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("run", "program", "module"),
    [
        ("run_path", "manage.py", "django.core.management"),
        ("run_path", "manage.py", "courseware.settings"),
        ("run_module", "courseware.run", "django.core.management"),
    ],
)
def test_it_ends_silently(run, program, module, tmp_path):
    code = INTERRUPTED.format(run=run, program=program, module=module)
    environment = {"DATA_DIR": str(tmp_path), "PORT": "8000", "LANG": "en"}
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
