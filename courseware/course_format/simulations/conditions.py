"""Conditions of a simulation: flags and meters, joined by "and" (docs/formats.md §7)."""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import CoreSchema, core_schema

_SIGNS: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TERM = re.compile(
    r"(?P<meter>[A-Za-z][\w-]*) *(?P<sign><=|>=|<|>) *(?P<bound>\d{1,3})|(?P<no>not +)?(?P<flag>[A-Za-z][\w-]*)"
)


@dataclass(frozen=True)
class FlagTerm:
    """True while the flag is set; with `wanted` False, while it is not set."""

    flag: str
    wanted: bool

    def holds(self, meters: Mapping[str, int], flags: Collection[str]) -> bool:
        return (self.flag in flags) is self.wanted

    def __str__(self) -> str:
        return self.flag if self.wanted else f"not {self.flag}"


@dataclass(frozen=True)
class MeterTerm:
    """Compares a meter with a bound. `sign` is one of <, <=, >, >=."""

    meter: str
    sign: str
    bound: int

    def holds(self, meters: Mapping[str, int], flags: Collection[str]) -> bool:
        return _SIGNS[self.sign](meters[self.meter], self.bound)

    def __str__(self) -> str:
        return f"{self.meter} {self.sign} {self.bound}"


@dataclass(frozen=True)
class Condition:
    """True if all terms are; always true without terms. `parse_condition` reads the text that `str()` gives."""

    terms: tuple[FlagTerm | MeterTerm, ...] = ()

    def holds(self, meters: Mapping[str, int], flags: Collection[str]) -> bool:
        """Return whether all terms hold. `meters`: id → value; `flags`: those set. `KeyError`: unknown meter."""
        return all(term.holds(meters, flags) for term in self.terms)

    def __str__(self) -> str:
        return " and ".join(map(str, self.terms))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        as_text = core_schema.to_string_ser_schema()
        return core_schema.no_info_plain_validator_function(parse_condition, serialization=as_text)

    @property
    def flags(self) -> set[str]:
        return {term.flag for term in self.terms if isinstance(term, FlagTerm)}

    @property
    def meters(self) -> set[str]:
        return {term.meter for term in self.terms if isinstance(term, MeterTerm)}


ALWAYS = Condition()


class UnreadableCondition(ValueError):
    """`got` is the part that is neither a flag nor a comparison."""

    def __init__(self, got: str):
        super().__init__(f'expected "flag", "not flag" or "meter < 40", joined by "and"; got "{got}"')
        self.got = got


def parse_condition(text: str) -> Condition:
    """Parse text such as `genuine and not taken` or `time < 40`; "" is always true. Raise `UnreadableCondition`."""
    if not text:
        return ALWAYS
    return Condition(tuple(map(_parse_term, re.split(r" +and +", text.strip()))))


def _parse_term(text: str) -> FlagTerm | MeterTerm:
    match = _TERM.fullmatch(text.strip())
    if not match or match["flag"] in ("and", "not", "or"):
        raise UnreadableCondition(text)
    if match["meter"]:
        return MeterTerm(match["meter"], match["sign"], int(match["bound"]))
    return FlagTerm(match["flag"], not match["no"])
