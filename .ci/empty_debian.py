"""An empty Debian 13 in a folder, and the terminal of a user who works on it. For `.ci/operator_guide`.

The machine is a chroot with mounts and processes of its own, which end together. The network is that of this machine.
"""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import termios
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITE, MIRROR, USER = "trixie", "http://deb.debian.org/debian", "reader"
PROMPT = re.compile(r"\[guide:(\d+)\] $")
LINE_TIMEOUT = 1200  # seconds
ENTER = """
mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/dev/shm" && mount -t proc proc "$1/proc" || exit
chroot "$1" su --login "$2"
exit # keeps this shell as process 1, which collects ended processes
"""


class Failed(Exception):
    pass


def make_machine(root: Path, site: str) -> None:
    """Make a Debian that knows the site's name. Mirror, proxies and certificates are those of this machine."""
    form = ["--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    sources = [line for line in output_of("apt-get", "indextargets", *form).splitlines() if f" {SUITE}" in line]
    sources = sources or [f"deb {MIRROR} {SUITE} main"]
    mirror = next(line.split()[1] for line in sources if f" {SUITE} " in line)
    output_of("debootstrap", "--variant=minbase", "--include=sudo,ca-certificates", SUITE, str(root), mirror)
    root.chmod(0o755)
    (root / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
    (root / "etc/apt/apt.conf.d/00host").write_text(output_of("apt-config", "dump", "Acquire"))
    shutil.rmtree(root / "var/lib/apt/lists")  # cloud images have none
    known = {name: value for name, value in os.environ.items() if re.match(r"PIP_(INDEX|CERT)|.*_proxy$", name, re.I)}
    # On a real machine the installer has answered the questions of packages. The editor is the one for sudoedit.
    known |= {"DEBIAN_FRONTEND": "noninteractive", "EDITOR": f"/home/{USER}/editor"}
    (root / "etc/environment").write_text("".join(f"{name}={value}\n" for name, value in known.items()))
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()} {site}\n")
    if (own := Path("/usr/local/share/ca-certificates")).is_dir():
        shutil.copytree(own, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    output_of("chroot", str(root), "update-ca-certificates")
    output_of("chroot", str(root), "useradd", "--create-home", "--skel=/nonexistent", "--shell=/bin/bash", USER)
    (root / "etc/sudoers.d/reader").write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    with (root / "etc/bash.bashrc").open("a") as file:  # read by the shells of the user and of the site
        file.write("\nbind 'set enable-bracketed-paste off'; PS1='[guide:$?] '\n")
    # On a real machine, installed services are started.
    add_program(root / "usr/sbin/policy-rc.d", "case $1 in nginx | postgresql) exit 0 ;; *) exit 101 ;; esac")
    for name in ("systemctl", "systemd-run"):
        shutil.copy(HERE / "systemd_stand_in.py", root / f"usr/local/sbin/{name}")
        (root / f"usr/local/sbin/{name}").chmod(0o755)


def add_program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def output_of(*command: str, **options) -> str:
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if ran.returncode:
        raise Failed(f"{' '.join(command)}: {ran.returncode}\n{ran.stdout[-3000:]}{ran.stderr[-3000:]}")
    return ran.stdout


class Terminal:
    """The user's terminal. The prompt contains the exit status of the last command."""

    def __init__(self, root: Path, answers: dict[str, str]) -> None:
        """`answers`: end of a question → what is typed."""
        self.answers = answers
        apart = ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child"]
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.environ["TERM"] = "dumb"
            os.execvp(apart[0], [*apart, "sh", "-c", ENTER, "sh", str(root), USER])
        termios.tcsetwinsize(self.screen, (50, 1000))  # no line is broken
        self.read()

    def read(self) -> tuple[int, str]:
        """Return exit status and output of the last line. Answers questions on the way."""
        output, asked = "", 0  # `asked`: characters up to the last answered question
        until = time.monotonic() + LINE_TIMEOUT
        raw = b""
        while not (prompt := PROMPT.search(output)):
            if not select.select([self.screen], [], [], max(0, until - time.monotonic()))[0]:
                raise Failed(f"no prompt after {LINE_TIMEOUT} s\n{output[-3000:]}")
            try:
                raw += os.read(self.screen, 65536)
            except OSError:
                raise Failed(f"the terminal was closed\n{output[-3000:]}") from None
            output = raw.decode(errors="replace").replace("\r\n", "\n")
            if answer := next((self.answers[end] for end in self.answers if output[asked:].endswith(end)), None):
                asked = len(output)
                os.write(self.screen, f"{answer}\n".encode())
        return int(prompt[1]), output[: prompt.start()].partition("\n")[2]

    def type(self, line: str) -> tuple[int, str]:
        os.write(self.screen, f"{line}\n".encode())
        return self.read()

    def close(self) -> None:
        """Kill process 1 of the machine. The kernel then ends its other processes and mounts."""
        for child in Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.screen)
