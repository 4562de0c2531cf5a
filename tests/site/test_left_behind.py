"""What a run of the tests leaves on the machine."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.long
def test_a_run_of_tests_takes_its_folders_away(tmp_path):
    """With a worker, which reads the settings too; pytest keeps the folders of its last runs itself."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATA", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "tests/lib/test_csv_rows.py"],
        cwd=settings.BASE_DIR, env=environment | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert [left.name for left in tmp_path.iterdir() if not left.name.startswith("pytest-of-")] == []
