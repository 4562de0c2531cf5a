"""Reminders and digests of a firm leave once each, though their worker is killed while it writes and while it sends."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.faults.conftest import IS_POSTGRES, SERVER
from tests.faults.sites import new_postgres

PEOPLE, REMINDERS = 2_500, 2_000
SUMMARIES = 51 + 1  # to the manager of each fifty, the head, and HR
TOLD = re.compile(r"taken: ([\d,]+) letters; (\d+) handed over twice under one Message-ID")
IN_HAND = 50  # letters at most whose fate a killed worker has not noted


@pytest.mark.minutes
def test_each_letter_of_a_monday_leaves_once_though_its_worker_is_killed_twice(record_property):
    environment = os.environ | ({"DATABASE_URL": new_postgres(SERVER)} if IS_POSTGRES else {})
    command = [sys.executable, "-m", "benchmarks.emails", "--people", str(PEOPLE), "--kill"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    record_property("figures", ended.stdout.strip())
    [(taken, twice)] = TOLD.findall(ended.stdout)
    assert int(taken.replace(",", "")) == REMINDERS + SUMMARIES
    assert int(twice) <= IN_HAND
