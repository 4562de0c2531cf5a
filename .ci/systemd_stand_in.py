#!/usr/bin/python3
"""Stands in for `systemctl` and `systemd-run` in a chroot, where no systemd runs. `.ci/operator_guide` installs it.

Runs the units in /etc/systemd/system with their user, folders, environment and umask. Sandbox settings are not applied;
.ci/units checks them. The output of a unit is in /var/log/UNIT.log.
"""

import argparse
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

UNITS, STATE, LOGS = Path("/etc/systemd/system"), Path("/run/units"), Path("/var/log")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
START_TIMEOUT = 90  # seconds, the default of systemd


class Unit:
    """`settings`: name → values, in the order of the unit and its drop-ins."""

    def __init__(self, lines: list[str]) -> None:
        self.settings: dict[str, list[str]] = {}
        for line in lines:
            if "=" in line and not line.startswith(("#", ";")):
                name, value = line.split("=", 1)
                self.settings.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        return self.settings.get(name, [default])[-1]

    @property
    def user(self) -> pwd.struct_passwd:
        return pwd.getpwnam(self.get("User", "root"))

    def environment(self) -> dict[str, str]:
        user = self.user
        known = {"PATH": PATH, "HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
        pairs = [word for value in self.settings.get("Environment", []) for word in shlex.split(value)]
        for file in self.settings.get("EnvironmentFile", []):  # it overrides Environment
            lines = Path(file).read_text(encoding="utf-8").splitlines()
            pairs += [line for line in lines if "=" in line and not line.startswith(("#", ";"))]
        return known | dict(pair.split("=", 1) for pair in pairs)

    def make_state_directory(self) -> None:
        if name := self.get("StateDirectory"):
            folder = Path("/var/lib") / name
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(int(self.get("StateDirectoryMode", "0755"), 8))
            shutil.chown(folder, self.user.pw_uid, self.user.pw_gid)


def read_unit(name: str) -> Unit:
    kind, at, instance = name.partition("@")
    if not (UNITS / f"{kind}{at}.service").exists():
        sys.exit(f"Unit {name}.service could not be found.")
    prefixes = [name[: place + 1] for place, sign in enumerate(kind) if sign == "-"]
    folders = [UNITS / f"{part}.service.d" for part in (*prefixes, kind + at)]
    files = [UNITS / f"{kind}{at}.service", *(file for folder in folders for file in sorted(folder.glob("*.conf")))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return Unit(text.replace("%i", instance).splitlines())


def start(name: str) -> None:
    unit, log = read_unit(name), LOGS / f"{name}.log"
    if is_running(name):
        return
    STATE.mkdir(exist_ok=True)
    unit.make_state_directory()
    address, kind = STATE / f"{name}.notify", unit.get("Type", "simple")
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, log.open("ab") as output:
        notified.bind(str(address))
        address.chmod(0o777)
        process = subprocess.Popen(
            shlex.split(unit.get("ExecStart")),
            cwd=unit.get("WorkingDirectory", "/"),
            env=unit.environment() | ({"NOTIFY_SOCKET": str(address)} if kind == "notify" else {}),
            user=unit.user.pw_uid,
            group=unit.get("Group") or unit.user.pw_gid,
            extra_groups=[],
            umask=int(unit.get("UMask", "0022"), 8),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        (STATE / name).write_text(str(process.pid))
        ready = process.wait() == 0 if kind == "oneshot" else kind != "notify" or is_ready(notified, process)
    if not ready:
        sys.exit(f"Job for {name}.service failed.\n{log.read_text(errors='replace')[-3000:]}")


def is_ready(notified: socket.socket, process: subprocess.Popen) -> bool:
    """Wait until the process reports that it is ready."""
    notified.settimeout(1)
    until = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < until:
        try:
            if b"READY=1" in notified.recv(4096):
                return True
        except TimeoutError:
            pass
    return False


def is_running(name: str) -> bool:
    try:
        process = int((STATE / name).read_text())
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stop(name: str) -> None:
    """As with KillMode=mixed: SIGTERM for the main process, then SIGKILL for all."""
    if not is_running(name):
        return
    process, until = (
        int((STATE / name).read_text()),
        time.monotonic() + int(read_unit(name).get("TimeoutStopSec", "90")),
    )
    os.kill(process, signal.SIGTERM)
    while is_running(name) and time.monotonic() < until:
        time.sleep(0.1)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def systemctl() -> None:
    parser = argparse.ArgumentParser(prog="systemctl")
    parser.add_argument("verb", choices=("daemon-reload", "enable", "start", "stop", "restart", "reload"))
    parser.add_argument("units", nargs="*")
    parser.add_argument("--now", action="store_true")
    asked = parser.parse_args()
    for name in asked.units:
        if asked.verb == "reload":
            if name != "nginx":
                sys.exit(f"reload {name}: only nginx can be reloaded here")
            subprocess.run(["nginx", "-s", "reload"], check=True)
        if asked.verb == "enable" and not read_unit(name).get("WantedBy"):
            sys.exit(f"{name}.service has no [Install] section")
        if asked.verb in ("stop", "restart"):
            stop(name)
        if asked.verb in ("start", "restart") or (asked.verb == "enable" and asked.now):
            start(name)


def systemd_run() -> None:
    parser = argparse.ArgumentParser(prog="systemd-run")
    parser.add_argument("--pty", action="store_true", required=True)
    parser.add_argument("--property", action="append", default=[])
    parser.add_argument("--setenv", action="append", default=[])
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    unit = Unit([*asked.property, *(f"Environment={shlex.quote(pair)}" for pair in asked.setenv)])
    environment, user = unit.environment(), unit.user
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.chdir(unit.get("WorkingDirectory", "/"))
    os.execvpe(asked.command[0], asked.command, environment)


if __name__ == "__main__":
    {"systemctl": systemctl, "systemd-run": systemd_run}[Path(sys.argv[0]).name]()
