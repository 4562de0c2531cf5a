"""Reminders and weekly summaries are sent once each, though their worker is killed twice."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.faults.conftest import IS_POSTGRES, SERVER
from tests.faults.sites import new_postgres

PEOPLE, REMINDERS = 2_500, 2_000
SUMMARIES = 51 + 1  # to the manager of each 50 people and the head, and to HR
RESULT = re.compile(r"taken: ([\d,]+) emails; (\d+) handed over twice under one Message-ID")
MAX_REPEATED = 50  # emails whose result a killed worker may not have stored


@pytest.mark.minutes
def test_monday_emails_are_sent_once_despite_killed_worker(record_property):
    environment = os.environ | ({"DATABASE_URL": new_postgres(SERVER)} if IS_POSTGRES else {})
    command = [sys.executable, "-m", "benchmarks.emails", "--people", str(PEOPLE), "--kill"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    record_property("figures", ended.stdout.strip())
    [(taken, twice)] = RESULT.findall(ended.stdout)
    assert int(taken.replace(",", "")) == REMINDERS + SUMMARIES
    assert int(twice) <= MAX_REPEATED
