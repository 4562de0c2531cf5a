"""What a run of the tests leaves on the machine."""

import os
import subprocess
import sys

from django.conf import settings

READ = "import tests.settings"
READ_BY_TWO = f"{READ}, subprocess, sys; subprocess.run([sys.executable, '-c', {READ!r}], check=True)"


def test_the_folder_of_the_tests_goes_with_the_process_that_made_it(tmp_path):
    """Also where a process that it starts reads the settings, too, as workers do."""
    environment = {name: value for name, value in os.environ.items() if name != "DATA_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", READ_BY_TWO], cwd=settings.BASE_DIR, env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
