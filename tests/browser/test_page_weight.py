"""What a page weighs for somebody on a phone, measured on the site as it is served, by benchmarks/weight.py."""

import re
import subprocess
import sys

import pytest
from django.conf import settings

ROW = re.compile(r"\| (.+?) \| \d+ \| ([\d.]+) \| \d+ \| (.+) \|")
KILOBYTES = {"first view of a lesson": 60, "the next lesson": 15}


@pytest.mark.exhaustive
@pytest.mark.only_if_changed("static/", "templates/", "courseware/settings.py")
@pytest.mark.shipped
def test_a_lesson_stays_light_the_first_time_and_afterwards():
    command = [sys.executable, "-m", "benchmarks.weight"]
    told = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    rows = {name: (float(kilobytes), hosts) for name, kilobytes, hosts in ROW.findall(told.stdout)}
    assert rows.keys() == KILOBYTES.keys()
    for name, (kilobytes, hosts) in rows.items():
        assert kilobytes <= KILOBYTES[name]
        assert hosts == "none"
