"""Read Containerfile and compose.yaml, for a machine without containers."""

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
UNITS = {"s": 1, "m": 60}


@dataclass(frozen=True)
class Service:
    name: str
    said: dict[str, Any]

    @property
    def address(self) -> str:
        return self.said["networks"]["inside"]["ipv4_address"]

    @property
    def command(self) -> list[str]:
        return self.said["command"]

    @property
    def environment(self) -> dict[str, str]:
        return self.said.get("environment", {})

    @property
    def ports(self) -> list[int]:
        """Ports inside the container that are published."""
        return [int(port.split(":")[-1]) for port in self.said.get("ports", [])]

    @property
    def mounts(self) -> dict[str, str]:
        """Path in the container → mounted source."""
        pairs = [mount.removesuffix(":ro").rsplit(":", 1) for mount in self.said.get("volumes", [])]
        return {inside: outside for outside, inside in pairs}

    @property
    def comes_back(self) -> bool:
        return self.said.get("restart") in {"always", "unless-stopped"}

    @property
    def grace(self) -> int:
        number, unit = re.fullmatch(r"(\d+)([sm])", self.said.get("stop_grace_period", "10s")).groups()
        return int(number) * UNITS[unit]


@dataclass(frozen=True)
class Image:
    """Files of the repository that the image contains, and the settings of its containers."""

    requirements: str
    copies: list[str]
    environment: dict[str, str]
    health: list[str]

    def put_into(self, folder: Path, source: Path) -> None:
        for name in self.copies:
            if (source / name).is_dir():
                shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / name, folder / name)


def read_services(file: Path, variables: dict[str, str]) -> dict[str, Service]:
    compose = yaml.safe_load(VARIABLE.sub(lambda found: value_of(found, variables), file.read_text(encoding="utf-8")))
    return {name: Service(name, service) for name, service in compose["services"].items()}


def value_of(found: re.Match[str], variables: dict[str, str]) -> str:
    name, sign, rest = found.groups()
    if value := variables.get(name):
        return value
    if sign == "-":
        return rest
    raise SystemExit(f"{name}: {rest or 'is not set'}")


def read_image(file: Path) -> Image:
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    stage = text[text.rindex("\nFROM ") :].splitlines()
    words = [shlex.split(line) for line in stage if line.startswith(("COPY ", "ENV "))]
    copies = [path for kind, *paths in words if kind == "COPY" and "--from" not in paths[0] for path in paths[:-1]]
    pairs = [
        VARIABLE.sub(lambda found: value_of(found, {}), pair)
        for kind, *values in words
        if kind == "ENV"
        for pair in values
    ]
    environment = dict(pair.split("=", 1) for pair in pairs)
    (health,) = [line for line in stage if line.startswith("HEALTHCHECK ")]
    (requirements,) = re.findall(r"^COPY (\S+) /requirements.txt$", text, re.MULTILINE)
    return Image(requirements, copies, environment, json.loads(health[health.index("[") :]))
