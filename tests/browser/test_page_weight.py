"""Transfer size of lesson pages, measured by benchmarks/weight.py."""

import re
import subprocess
import sys

import pytest
from django.conf import settings

ROW = re.compile(r"\| (.+?) \| \d+ \| ([\d.]+) \| \d+ \| (.+) \|")
KILOBYTES = {"first view of a lesson": 60, "the next lesson": 15}


@pytest.mark.slow
@pytest.mark.only_if_changed("static/", "templates/", "courseware/settings.py")
@pytest.mark.shipped
def test_lesson_transfer_size_is_limited():
    command = [sys.executable, "-m", "benchmarks.weight"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {name: (float(kilobytes), hosts) for name, kilobytes, hosts in ROW.findall(done.stdout)}
    assert rows.keys() == KILOBYTES.keys()
    for name, (kilobytes, hosts) in rows.items():
        assert kilobytes <= KILOBYTES[name]
        assert hosts == "none"
