"""List of shipped third-party parts (SBOM in CycloneDX format) and of their licences, from the hashed lock files.

Usage: .ci/parts.py FOLDER Writes sbom.json and licences.txt. A licence that is not in TAKEN is an error.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from license_expression import get_spdx_licensing
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["run.txt", "postgres.txt", "redis.txt"]
TAKEN = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "LGPL-3.0-only", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "OFL-1.1", "PSF-2.0",
}  # fmt: skip
# Licences read in the files of packages without an SPDX expression, or installed on other systems only.
READ = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "django-csp": "BSD-3-Clause",
    "django-ninja": "MIT",
    "fido2": "BSD-2-Clause AND Apache-2.0 AND MPL-2.0",
    "fsrs": "MIT",
    "htmx.org": "0BSD",
    "@expo-google-fonts/noto-sans-sc": "OFL-1.1",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "qrcode": "BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
LOCKED = re.compile(r"^([\w.-]+)==([\w.!+-]+)(?: ;[^\\\n]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
SPDX = get_spdx_licensing()


class NotShipped(Exception):
    """The release must be stopped; the message is the reason."""


@dataclass(frozen=True, order=True)
class Part:
    name: str
    version: str
    kind: str  # type in the package URL
    licence: str
    hashes: tuple[str, ...]


def locked(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return name → (version, hashes of its files). Raise NotShipped for a line that cannot be parsed."""
    found = {
        name: (version, tuple(re.findall(r"[0-9a-f]{64}", hashes))) for name, version, hashes in LOCKED.findall(text)
    }
    if unparsed := [line for line in LOCKED.sub("", text).splitlines() if line.strip()]:
        raise NotShipped(f"a line of the requirements is not understood: {unparsed[0]}")
    return found


def packages() -> list[Part]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for lock in LOCKS:
        for name, pinned in locked((ROOT / "requirements" / lock).read_text(encoding="utf-8")).items():
            if found.setdefault(name, pinned) != pinned:
                raise NotShipped(f"{name} is locked to two versions; run `make lock`")
    return [Part(name, version, "pypi", licence_of(name), hashes) for name, (version, hashes) in found.items()]


def scripts() -> list[Part]:
    folders = sorted(path for path in (ROOT / "static" / "vendor").iterdir() if path.is_dir())
    return [packed(folder.name, folder.glob("*.js")) for folder in folders]


def fonts() -> list[Part]:
    return [packed("noto-sans-sc", (ROOT / "courseware" / "lib" / "text" / "fonts").glob("*.xz"))]


def packed(package: str, files: Iterable[Path]) -> Part:
    """Return a part unpacked by .ci/vendor, with the version given there."""
    vendor = (ROOT / ".ci" / "vendor").read_text(encoding="utf-8")
    name, variable = re.search(rf'^unpack (\S*{package}\S*) "\$(\w+)"$', vendor, re.MULTILINE).groups()
    version = re.search(rf"^{variable}=(\S+)$", vendor, re.MULTILINE)[1]
    hashes = tuple(hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files))
    return Part(name, version, "npm", READ.get(name, ""), hashes)


def licence_of(name: str) -> str:
    """Return the SPDX expression, or "" if it is unknown."""
    try:
        package_metadata = metadata(name)
    except PackageNotFoundError:
        return READ.get(name, "")
    if name in READ:
        return READ[name]
    expression = package_metadata.get("License-Expression") or package_metadata.get("License") or ""
    return "" if "\n" in expression or SPDX.unknown_license_keys(expression) else expression


def refuse_unknown(parts: list[Part]) -> None:
    for part in parts:
        if not part.licence:
            raise NotShipped(f"{part.name}: read its licence and write it into READ of .ci/parts.py")
        if others := {*SPDX.license_keys(part.licence)} - TAKEN:
            raise NotShipped(f"{part.name}: {', '.join(sorted(others))} is none of the licences that are taken")


def all_parts() -> list[Part]:
    parts = sorted([*packages(), *scripts(), *fonts()])
    refuse_unknown(parts)
    return parts


def sbom(parts: list[Part], made_at: datetime) -> str:
    """Return the SBOM as JSON; identical for the same parts and time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    licences = LicenseFactory()
    product = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        licenses=[licences.make_from_string(project["license"])],
        bom_ref=project["name"],
    )
    bom = Bom(components=[component(part, licences) for part in parts])
    bom.metadata.component, bom.metadata.timestamp = product, made_at
    bom.serial_number = uuid5(NAMESPACE_URL, repr((project["version"], made_at.isoformat(), parts)))
    bom.register_dependency(product, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def component(part: Part, licences: LicenseFactory) -> Component:
    page_url = {"pypi": "https://pypi.org/project/{}/{}/", "npm": "https://www.npmjs.com/package/{}/v/{}"}[part.kind]
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in part.hashes]
    url = XsUri(page_url.format(part.name, part.version))
    purl = PackageURL(part.kind, None, part.name, part.version)
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
        licenses=[licences.make_from_string(part.licence)],
        external_references=[ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=url, hashes=hashes)],
    )


def time_of_commit() -> datetime:
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%cI"]
    return datetime.fromisoformat(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def write_into(folder: Path) -> list[Part]:
    parts = all_parts()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sbom.json").write_text(sbom(parts, time_of_commit()), encoding="utf-8")
    lines = [f"{part.name} {part.version}: {part.licence}\n" for part in parts]
    (folder / "licences.txt").write_text("".join(lines), encoding="utf-8")
    return parts


if __name__ == "__main__":
    try:
        print(f"{len(write_into(Path(sys.argv[1])))} parts")
    except NotShipped as reason:
        sys.exit(str(reason))
