"""Document kinds, and parsing of their file names (docs/formats.md §2)."""

import re
from dataclasses import dataclass

from courseware.course_format.diagnostics import Finding


@dataclass(frozen=True)
class Name:
    """A parsed file name. `order`: of a step or module, else 0; `language`: lower case, "" for the kind "media"."""

    kind: str
    order: int = 0
    language: str = ""
    folder: str = ""


MEDIA_FOLDER = "media/"
JURISDICTION = "jurisdiction"  # other documents insert its numbers and law
STEP_KINDS = ("lesson", "simulation", "exam", "survey")
KINDS = ("course", "card", JURISDICTION, "outline", "sources", "terms", "module", "bank", *STEP_KINDS)

_LANGUAGE = r"(?P<language>[a-z]{2,3}(?:-[a-z0-9]{2,8})*)"
_FOLDER = r"(?P<folder>(?P<module>\d{2})-[a-z0-9-]+)"
_NAMES = [
    re.compile(rf"(?P<kind>course|jurisdiction|outline|sources|terms)\.{_LANGUAGE}\.md"),
    re.compile(rf"emergency\.(?P<kind>card)\.{_LANGUAGE}\.md"),
    re.compile(rf"{_FOLDER}/(?P<kind>module)\.{_LANGUAGE}\.md"),
    re.compile(rf"{_FOLDER}/bank/[a-z0-9-]+\.(?P<kind>bank)\.{_LANGUAGE}\.md"),
    re.compile(rf"{_FOLDER}/(?P<order>\d{{2}})-[a-z0-9-]+\.{_LANGUAGE}\.md"),
    re.compile(rf"{_FOLDER}/(?P<order>\d{{2}})-[a-z0-9-]+\.(?P<kind>simulation|exam|survey)\.{_LANGUAGE}\.md"),
]
_ANY_KIND = re.compile(rf"(?:.+/)?[^/.]+\.(?P<kind>[A-Za-z0-9_-]+)\.{_LANGUAGE}\.md")
_MEANT_AS_DOCUMENT = re.compile(r"\d{2}-[^/]+/.*|(course|jurisdiction|outline|sources|terms|emergency)\b.*")


class BadName(ValueError):
    """A Markdown file is named like a document, but like none of the known kinds."""

    def __init__(self, finding: Finding):
        super().__init__(finding.message)
        self.finding = finding


def is_course_document(path: str) -> bool:
    """Return whether a path is named like a course document, such as course.en.md. `parse_name` may still refuse it."""
    return re.fullmatch(r"course\.[^/]+\.md", path) is not None


def parse_name(path: str) -> Name:
    """Parse a path relative to the course folder. Files that are no document have the kind "media". Raise `BadName` for
    a document of unknown kind or name.
    """
    for pattern in _NAMES:
        if match := pattern.fullmatch(path):
            return _name_of_document(match.groupdict())
    if not path.endswith(".md") or path.startswith(MEDIA_FOLDER):
        return Name("media")
    if (match := _ANY_KIND.fullmatch(path)) and match["kind"] not in KINDS:
        raise BadName(Finding("unknown-document-kind", kind=match["kind"], known=KINDS))
    if match or _MEANT_AS_DOCUMENT.fullmatch(path):
        raise BadName(Finding("unknown-file-name"))
    return Name("media")  # a README beside the documents


def _name_of_document(parts: dict[str, str]) -> Name:
    kind = parts.get("kind") or "lesson"
    order = parts.get("order") or (parts["module"] if kind == "module" else 0)
    return Name(kind, int(order), parts["language"], parts.get("folder") or "")


def display_tag(language: str) -> str:
    """Return a lower-case language tag in usual capitals: zh-hans → zh-Hans, en-gb → en-GB (BCP 47)."""
    first, *rest = language.split("-")
    return "-".join([first, *(part.title() if len(part) == 4 else part.upper() for part in rest)])
