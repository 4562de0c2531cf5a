"""The database server is restarted, stops and comes back: F8 of the promises."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.away import QUESTION, assert_away, right_answer
from tests.faults.sites import ROOT, prepared


@pytest.fixture
def postgres():
    """A server of its own, which may be stopped: (address of its database, folder of its programs, of its data)."""
    tell = 'echo "$DATABASE_URL $PG_BIN $PG_DATA"; read -r _'
    process = subprocess.Popen(
        [ROOT / ".ci" / "postgres", "sh", "-c", tell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process.stdout.readline().split()
    process.communicate("done\n", timeout=30)


def control(programs, data, *arguments):
    command = [f"{programs}/pg_ctl", "-D", data, "-w", "-l", f"{data}/log", *arguments]
    as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    subprocess.run([*as_owner, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def options_of(data):
    """How the server was started, as one argument for pg_ctl: it keeps that beside the data."""
    words = Path(data, "postmaster.opts").read_text().split()[1:]
    return " ".join(words[words.index('"-p"') :]).replace('"', "")


def test_a_server_that_stops_is_our_own_page_and_the_first_request_after_works(postgres, tmp_path):
    url, programs, data = postgres
    options, site = options_of(data), prepared(tmp_path, url)
    with site.served() as visitor:
        form, before = right_answer(visitor.sign_in(site.told)), site.count("learning_answer")
        control(programs, data, "restart", "-m", "fast", "-o", options)
        assert visitor.get("/").status == 200
        control(programs, data, "stop", "-m", "immediate")
        assert_away(visitor.post, QUESTION, form)
        assert_away(visitor.get, "/")
        control(programs, data, "start", "-o", options)
        assert visitor.post(QUESTION, form).status == 302
        assert site.count("learning_answer") == before + 1
    site.assert_records_agree()
