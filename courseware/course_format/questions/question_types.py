"""Question types: one frozen class per type (docs/formats.md §5), and survey questions (§8).

An option is identified by its position (0, 1, …) in the file, in a .sort question counted through all groups.
Responses are JSON: .one [position]; .several and .mark positions in ascending order; .order all positions in the order
given; .sort one group index per member; .open the text, never graded.
"""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

from courseware.course_format.parsing.lists import Item
from courseware.course_format.parsing.parser import Section

ResponseValue = list[int] | str

MAX_TEXT = 5_000  # characters of a posted text

_PLACE = re.compile(r"[0-9]{1,3}")


def is_for(job_roles: Collection[str], job_role: str) -> bool:
    """Return whether content for `job_roles` (empty means all) is for this job role."""
    return not job_roles or job_role in job_roles


@dataclass(frozen=True)
class Choice:
    """`ticked`: in .one, .several and .mark; `group`, the index of the right group: in .sort."""

    text: str
    reason: str
    ticked: bool = False
    group: int | None = None


@dataclass(frozen=True)
class Question(ABC):
    """Common part of all types. Texts are Markdown, or HTML once compiled. `family`: variant group; without one,
    `make_question` sets the id. `lesson` and `section`: ids of the text that teaches it, or "". `numbered` options are
    not shuffled. Marked pieces are blacked out if `redacted`, else underlined.
    """

    kind: ClassVar[str] = ""

    id: str
    title: str
    stem: str
    choices: tuple[Choice, ...]
    groups: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    objective: str = ""
    level: str = ""
    critical: bool = False
    family: str = ""
    lesson: str = ""
    section: str = ""
    numbered: bool = False
    redacted: bool = False

    @property
    def key(self) -> tuple[int, ...]:
        """The right response; () for .open."""
        return tuple(position for position, choice in enumerate(self.choices) if choice.ticked)

    @property
    def shape(self) -> str:
        """Key of statistics: type and right response in at most 40 ASCII characters, as in "several x-x"."""
        return f"{self.kind} {''.join('x' if choice.ticked else '-' for choice in self.choices)}"

    def is_answered_as(self, other: Self) -> bool:
        """Return whether answers to `other` are valid here: type, numbering, groups, options and key are equal."""
        return self.kind == other.kind and self.numbered == other.numbered and self.offered == other.offered

    def reads_as(self, other: Self) -> bool:
        """Return whether type, title, stem, groups, options, reasons and key are equal; `redacted` may differ."""
        shown, others = ((each.title, each.stem, each.choices) for each in (self, other))
        return self.is_answered_as(other) and shown == others

    def is_for(self, job_role: str) -> bool:
        return is_for(self.tracks, job_role)

    def rewritten(self, change: Callable[[str], str]) -> Self:
        """Return a copy with `change` applied to every text."""
        choices = (replace(each, text=change(each.text), reason=change(each.reason)) for each in self.choices)
        return replace(
            self,
            title=change(self.title),
            stem=change(self.stem),
            groups=tuple(map(change, self.groups)),
            choices=tuple(choices),
        )

    def shown_order(self, shuffle: Callable[[list[int]], Any]) -> tuple[int, ...]:
        """Return positions in display order. `shuffle` changes a list in place, like `random.shuffle`."""
        positions = list(range(len(self.choices)))
        if not self.numbered:
            shuffle(positions)
        return tuple(positions)

    @property
    def offered(self) -> tuple[tuple[str, ...], tuple[tuple[str, bool, int | None], ...]]:
        """(groups, (text, is ticked, group index) of each option)."""
        return self.groups, tuple((choice.text, choice.ticked, choice.group) for choice in self.choices)

    def grade(self, response: ResponseValue) -> bool | None:
        """Return whether a response (from `clean`) is completely right; None for .open. Does not check the response."""
        return tuple(response) == self.key

    @abstractmethod
    def clean(self, raw: list[str]) -> ResponseValue:
        """Return the response from posted, untrusted values. Raise `ValueError` if it is not a possible one."""

    def _places(self, raw: list[str], end: int) -> list[int]:
        """Return positions. Raise `ValueError` unless all are whole numbers below `end`."""
        if not all(_PLACE.fullmatch(text) and int(text) < end for text in raw):
            raise ValueError(f"expected places below {end}, got {raw!r:.80}")
        return [int(text) for text in raw]

    @staticmethod
    def read_choices(items: tuple[Item, ...]) -> dict[str, Any]:
        """Return the fields of a question (name → value) that hold the options."""
        return {"choices": tuple(Choice(item.text, item.reason, item.box == "x") for item in items)}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON for `load_question`."""
        return {"kind": self.kind} | asdict(self)


class One(Question):
    kind = "one"

    def clean(self, raw: list[str]) -> list[int]:
        if len(raw) != 1:
            raise ValueError(f"expected one place, got {len(raw)}")
        return self._places(raw, len(self.choices))


class Several(Question):
    kind = "several"

    def clean(self, raw: list[str]) -> list[int]:
        if not raw:  # every question has a right option
            raise ValueError("expected at least one place")
        return sorted(set(self._places(raw, len(self.choices))))


class Mark(Several):
    """The options are pieces of the text that is quoted in the stem."""

    kind = "mark"


class Order(Question):
    """The options are listed in the right order."""

    kind = "order"

    @property
    def key(self) -> tuple[int, ...]:
        return tuple(range(len(self.choices)))

    @property
    def shape(self) -> str:
        return f"order {len(self.choices)}"

    @staticmethod
    def moved(response: Sequence[int]) -> dict[int, str]:
        """Return position → "late" or "early" in the response, for the smallest set of steps that have to move."""
        unmoved = longest_in_order(response)
        moved = [position for position in response if position not in unmoved]
        return {
            position: "late"
            if any(position < other for other in unmoved if is_before(response, other, position))
            else "early"
            for position in moved
        }

    def shown_order(self, shuffle: Callable[[list[int]], Any]) -> tuple[int, ...]:
        positions = list(self.key)
        shuffle(positions)
        # Not the right order, which would be the answer.
        return tuple(positions) if tuple(positions) != self.key else (*positions[1:], *positions[:1])

    def clean(self, raw: list[str]) -> list[int]:
        positions = self._places(raw, len(self.choices))
        if sorted(positions) != list(self.key):
            raise ValueError("expected every place once")
        return positions


class Sort(Question):
    """The options are the members of all groups, in the order of the file."""

    kind = "sort"

    @property
    def key(self) -> tuple[int, ...]:
        return tuple(choice.group or 0 for choice in self.choices)

    @property
    def shape(self) -> str:
        return f"sort {''.join(chr(ord('a') + group) for group in self.key)}"

    def clean(self, raw: list[str]) -> list[int]:
        if len(raw) != len(self.choices):
            raise ValueError(f"expected a group for each of {len(self.choices)} members, got {len(raw)}")
        return self._places(raw, len(self.groups))

    @staticmethod
    def read_choices(items: tuple[Item, ...]) -> dict[str, Any]:
        return {
            "groups": tuple(unbold(item.text) for item in items),
            "choices": tuple(
                Choice(member.text, member.reason, group=group)
                for group, item in enumerate(items)
                for member in item.members
            ),
        }


class Open(Question):
    kind = "open"

    @property
    def shape(self) -> str:
        return "open"

    def grade(self, response: ResponseValue) -> None:
        return None

    def clean(self, raw: list[str]) -> str:
        return clean_text(raw)


KINDS: dict[str, type[Question]] = {kind.kind: kind for kind in (One, Several, Mark, Order, Sort, Open)}


def is_before(row: Sequence[int], first: int, second: int) -> bool:
    """Return whether `first` is before `second` in `row`. Raise `ValueError` if one is missing."""
    return row.index(first) < row.index(second)


def clean_text(raw: list[str]) -> str:
    """Return the one posted text, stripped. Raise `ValueError` if empty, longer than MAX_TEXT or containing NUL."""
    text = raw[0].strip() if len(raw) == 1 else ""
    if not text or len(text) > MAX_TEXT or "\0" in text:
        raise ValueError(f"expected one text of 1 to {MAX_TEXT} characters")
    return text


def unbold(text: str) -> str:
    """Return the text, stripped, without "**" at either end."""
    return text.strip().removeprefix("**").removesuffix("**")


def askable(families: Iterable[int], attempts: int) -> int:
    """Return how many questions `attempts` can ask: each at most one per variant group, none twice. `families`: sizes
    of the groups.
    """
    return sum(min(size, attempts) for size in families)


def by_family(questions: Iterable[Question]) -> dict[str, tuple[str, ...]]:
    """Return id of the first question of each variant group → ids of all its questions, in order."""
    families: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        families[question.family].append(question.id)
    return {variants[0]: tuple(variants) for variants in families.values()}


def load_question(data: dict[str, Any]) -> Question:
    """Return the question that `to_dict` has stored. Raise `KeyError` or `TypeError` for other data."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    fields["choices"] = tuple(Choice(**choice) for choice in data["choices"])
    return KINDS[fields.pop("kind")](**fields)


def make_question(section: Section, source: Section | None = None) -> Question:
    """Return the question of a section, which may be faulty. `source`: for a translation, the original section, which
    gives the key. Raise `KeyError` if the kind of the section is no question type.
    """
    kind = KINDS[section.kind]
    items = section.items
    attrs = section.attrs
    question = kind(
        id=section.id,
        title=section.title,
        stem=section.stem,
        tracks=tuple(attrs.get("tracks", "").split()),
        objective=attrs.get("objective", ""),
        level=attrs.get("level", ""),
        critical="critical" in attrs,
        family=attrs.get("family") or section.id,
        lesson=attrs.get("lesson", ""),
        section=attrs.get("section", ""),
        redacted="redact" in attrs,
        numbered=bool(items) and items[0].numbered and kind is not Order,
        **kind.read_choices(items),
    )
    if source is None:
        return question
    keyed = make_question(source)
    choices = tuple(
        replace(original, text=choice.text, reason=choice.reason)
        for original, choice in zip(keyed.choices, question.choices, strict=False)
    )
    return replace(question, choices=choices, numbered=keyed.numbered)


def longest_in_order(response: Sequence[int]) -> list[int]:
    """Return the longest increasing subsequence of `response`, which has no number twice."""
    longest = [1] * len(response)  # of the rows that begin there
    for start in reversed(range(len(response))):
        after = [longest[i] for i in range(start + 1, len(response)) if response[i] > response[start]]
        longest[start] += max(after, default=0)
    chosen: list[int] = []
    for index, position in enumerate(response):
        if longest[index] == max(longest) - len(chosen) and (not chosen or position > chosen[-1]):
            chosen.append(position)
    return chosen


@dataclass(frozen=True)
class SurveyQuestion:
    """`kind`: scale, one, several or open. A scale goes from `first` to `last`, and its two options label the ends."""

    kind: str
    id: str
    title: str
    stem: str
    choices: tuple[str, ...] = ()
    first: int = 0
    last: int = 0


def make_survey_question(section: Section) -> SurveyQuestion:
    """Return the question of a survey's section. Ends of a scale that are no numbers become 0."""
    choices = tuple(item.text for item in section.items)
    ends = [int(section.attrs[key]) if section.attrs.get(key, "").isdecimal() else 0 for key in ("from", "to")]
    return SurveyQuestion(section.kind, section.id, section.title, section.stem, choices, *ends)
