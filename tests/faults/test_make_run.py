"""`make run` as processes: a server and a worker that start and end together."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import IS_POSTGRES
from tests.faults.sites import ROOT, free_port, is_listening, wait_until
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.skipif(IS_POSTGRES, reason="what is tried out has SQLite"),
    pytest.mark.only_if_changed(
        *(
            "courseware/run.py",
            "courseware/settings.py",
            "courseware/project/bootstrap.py",
            "courseware/project/maintenance.py",
        ),
        *("courseware/project/static_files.py", "courseware/reporting/demo.py", "courseware/reporting/management/"),
        *("courseware/management/", "gunicorn.conf.py", "requirements/"),
    ),
]
PROGRAMS = {"The server": "gunicorn", "The worker": "manage.py run_worker"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Data folder of a site that the first test sets up."""
    return tmp_path_factory.mktemp("tried-out")


@contextmanager
def running_site(data):
    """`make run` with server and worker ready: its process, its port."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "courseware.run"], cwd=ROOT, start_new_session=True, text=True,
        env=kept | {"DATA_DIR": str(data), "PORT": str(port)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until(lambda: is_listening(port) or process.poll() is not None, "nothing listens")
        wait_until(lambda: are_ready(process) or process.poll() is not None, "not both are at work")
        yield process, port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def programs_of(process):
    """Command line → process id, of its child processes."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in children}
    return {line: int(pid) for pid, line in lines.items() if any(name in line for name in PROGRAMS.values())}


def are_ready(process):
    """Both handle SIGTERM, so their modules are loaded."""
    pids = programs_of(process).values()
    return len(pids) == 2 and all(handles(pid, signal.SIGTERM) for pid in pids)


def handles(pid, number):
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(lines["SigCgt"], 16) >> (number - 1) & 1)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_all_ended(pids, port):
    wait_until(lambda: not any(map(is_alive, pids)) and not is_listening(port), "something goes on")


@pytest.mark.parametrize("to_all", [True, False], ids=["Ctrl+C", "SIGTERM"])
def test_signal_ends_server_and_worker(data, to_all):
    with running_site(data) as (process, port):
        pids = programs_of(process).values()
        assert len(pids) == 2
        if to_all:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, "Traceback" in err) == (0, False), err
        assert out.index(f"http://127.0.0.1:{port}") < out.index("courses: to be imported")
        assert_all_ended(pids, port)


@pytest.mark.parametrize("name", PROGRAMS)
def test_death_of_one_process_ends_the_other(data, name):
    with running_site(data) as (process, port):
        programs = programs_of(process)
        [dies] = [pid for line, pid in programs.items() if PROGRAMS[name] in line]
        os.kill(dies, signal.SIGKILL)
        _out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err.splitlines()[-1]) == (1, f"{name} ended by itself (-9), so everything does.")
        assert_all_ended(programs.values(), port)
