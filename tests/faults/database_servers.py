"""A separate PostgreSQL server, which a test may stop and start."""

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.sites import ROOT
from tests.patience import PATIENCE


@dataclass(frozen=True)
class DatabaseServer:
    """`url`: one of its databases; `programs` and `data`: its folders; `options`: its start options."""

    url: str
    programs: str
    data: str
    options: str

    def stop(self, mode="immediate"):
        self.control("stop", "-m", mode)

    def start(self):
        self.control("start", "-o", self.options)

    def restart(self, mode="fast"):
        self.control("restart", "-m", mode, "-o", self.options)

    def control(self, *arguments):
        command = [f"{self.programs}/pg_ctl", "-D", self.data, "-w", "-l", f"{self.data}/log", *arguments]
        as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*as_owner, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def options_of(data):
    """The options of the running server, as one argument for pg_ctl."""
    words = Path(data, "postmaster.opts").read_text().split()[1:]
    return " ".join(words[words.index('"-p"') :]).replace('"', "")


@contextmanager
def database_server():
    script = 'echo "$DATABASE_URL $PG_BIN $PG_DATA"; read -r _'
    process = subprocess.Popen(
        [ROOT / ".ci" / "postgres", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    url, programs, data = process.stdout.readline().split()
    try:
        yield DatabaseServer(url, programs, data, options_of(data))
    finally:
        process.communicate("done\n", timeout=PATIENCE)
