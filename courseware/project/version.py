"""Version and commit of the product, shown to operators only."""

import subprocess
import tomllib
from functools import cache

from django.conf import settings

UNKNOWN = "unknown"


@cache
def number() -> str:
    project = settings.BASE_DIR / "pyproject.toml"
    return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] if project.exists() else UNKNOWN


@cache
def commit() -> str:
    """Return 12 characters of the commit, from the settings or the git checkout; UNKNOWN without one."""
    return (settings.COMMIT or commit_of_checkout())[:12] or UNKNOWN


def commit_of_checkout() -> str:
    # Without this check git would find a checkout around this folder.
    if not (settings.BASE_DIR / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()  # noqa: S603 - constants
    except (OSError, subprocess.SubprocessError):
        return ""


def in_words() -> str:
    return f"Courseware {number()} ({commit()})"
