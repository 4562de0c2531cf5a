"""Limits of documents, so that parsing time is proportional to length. `frontmatter` applies them."""

from collections.abc import Iterable, Iterator

from courseware.course_format.diagnostics import Finding

# Of a document
MAX_LINES = 4_000
MAX_FENCES = 200  # lines that open or close fenced code
MAX_FRONT = 20_000  # characters of front matter
# Of a line
MAX_LINE = 5_000  # characters
MAX_INDENT = 100  # columns
MAX_DEPTH = 10  # quotes or list items inside each other
# Of a paragraph: lines without a blank one between them
MAX_PARAGRAPH = 20_000  # characters
MAX_OPEN = 10  # brackets that are open at the same time
MAX_MARKS = 400

_MARKS = "*_`\\["


def find_excess(lines: Iterable[str]) -> tuple[int, Finding] | None:
    """Return (number of the first line beyond a limit, finding), or None."""
    paragraph, fences = _Paragraph(), 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            paragraph = _Paragraph()
        fences += line.lstrip().startswith(("```", "~~~"))
        if number > MAX_LINES:
            return number, Finding("too-many-lines", most=MAX_LINES)
        if fences > MAX_FENCES:
            return number, Finding("too-many-fences", most=MAX_FENCES)
        if finding := next(_in_line(line), None) or paragraph.add(line):
            return number, finding
    return None


def _in_line(line: str) -> Iterator[Finding]:
    if len(line) > MAX_LINE:
        yield Finding("line-too-long", length=len(line), most=MAX_LINE)
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)]
    if text and len(indent.expandtabs(4)) > MAX_INDENT:
        yield Finding("indented-too-far", most=MAX_INDENT)
    opening = text[: len(text) - len(text.lstrip(">-*+ \t"))]
    is_rule = text == opening and ">" not in text
    if sum(map(opening.count, ">-*+")) > MAX_DEPTH and not is_rule:
        yield Finding("nested-too-deep", most=MAX_DEPTH)


class _Paragraph:
    def __init__(self) -> None:
        self.length = self.marks = self.square = self.round = 0

    def add(self, line: str) -> Finding | None:
        self.length += len(line) + 1
        self.marks += sum(map(line.count, _MARKS))
        if self.length > MAX_PARAGRAPH:
            return Finding("paragraph-too-long", most=MAX_PARAGRAPH)
        if self.marks > MAX_MARKS:
            return Finding("too-many-marks", most=MAX_MARKS)
        return Finding("too-many-brackets", most=MAX_OPEN) if self._opens_too_many(line) else None

    def _opens_too_many(self, line: str) -> bool:
        for sign in line:
            if sign in "[]":
                self.square = max(self.square + (1 if sign == "[" else -1), 0)
            elif sign in "()":
                self.round = max(self.round + (1 if sign == "(" else -1), 0)
            if self.square > MAX_OPEN or self.round > MAX_OPEN:
                return True
        return False
