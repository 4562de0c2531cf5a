"""Full and failing disks: a small file system, and system calls that return errors."""

import errno
import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from tests.faults.sites import wait_until

LARGER = 2 * 1024 * 1024  # bytes beyond the database: for its log


def missing_tool(tool):
    """Fail if REQUIRE_DISKS is set, because tools can be installed; otherwise skip."""
    if os.environ.get("REQUIRE_DISKS") == "1":
        pytest.fail(tool)
    pytest.skip(tool)


@contextmanager
def small_disk(folder, size):
    """A file system of `size` bytes in memory."""
    folder.mkdir()
    options = f"size={size},mode=700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nobody may make a disk here that is full: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file, leave=0):
    """Fill the disk with this file, then free `leave` bytes."""
    with file.open("wb", buffering=0) as ballast:
        with pytest.raises(OSError) as full:
            while ballast.write(bytes(4096)):
                pass
        assert full.value.errno == errno.ENOSPC
        ballast.truncate(max(ballast.tell() - leave, 0))


@contextmanager
def failing(calls, error, first, processes, log):
    """Let these system calls fail in these processes, in each thread from its `first` call on."""
    if not shutil.which("strace"):
        missing_tool("strace makes calls of the system fail: sudo apt-get install strace")
    followed = [word for pid in processes for word in ("-p", str(pid))]
    rules = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={first}+"]
    with log.open("wb") as out:
        tracing = subprocess.Popen(["strace", "-f", *rules, *followed], stdout=out, stderr=out)
    try:
        wait_until(
            lambda: tracing.poll() is not None or all(is_followed(pid, tracing.pid) for pid in processes),
            "strace does not follow the server",
        )
        if tracing.returncode is not None:
            pytest.skip(f"nobody may follow a process here: {log.read_text().strip()}")
        yield
    finally:
        tracing.terminate()
        tracing.wait(timeout=10)


def is_followed(pid, by):
    """Whether process `by` traces every thread of the process."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as status:
            if f"TracerPid:\t{by}\n" not in status.read():
                return False
    return True
