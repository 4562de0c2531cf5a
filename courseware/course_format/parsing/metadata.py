"""Metadata in front matter: the keys of each document kind, one frozen model per kind (docs/formats.md §3)."""

import re
from collections.abc import Sized
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_DURATION = re.compile(r"([0-9]{1,4}) ?(min|h|days?)")
_UNITS = {"min": "minutes", "h": "hours", "day": "days", "days": "days"}


def parse_duration(text: Any) -> timedelta:
    """Parse `10 min`, `24 h` or `7 days`. Raise `ValueError` for anything else."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise ValueError(f"no duration: {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Ids = tuple[Id, ...]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Labels = Annotated[dict[Id, ShortText], Field(min_length=1)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Minutes = Annotated[int, Field(ge=1, le=600)]
Days = Annotated[int, Field(ge=1, le=3650)]
Fraction = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?/[1-9][0-9]?$")]

A_DURATION = "a duration, as in 10 min, 24 h or 7 days"
AN_ID = "an id of ASCII letters, digits and - . _"
IDS = "a list of ids, as in [O4.1, O4.2]"
LABELS = "ids with their labels, as in {phone: Phone}"
MINUTES = "whole minutes from 1 to 600"


class StrictModel(BaseModel):
    """Frozen and strict. The description of a field completes the sentence "expected …"."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Meta(StrictModel):
    """Keys of all kinds. `TEXT`: keys written in each language; the source language alone has the others."""

    TEXT: ClassVar[frozenset[str]] = frozenset({"id", "title"})

    id: Id = Field(description=AN_ID)
    title: ShortText = Field(description="text of 1 to 200 characters (in quotes where it could be a number)")


class CompletionRule(StrictModel):
    lessons: Literal["all"] | Ids = Field("all", description="all, or a list of lesson ids")
    passed: Ids = Field((), description="a list of exam ids")
    not_red: Ids = Field((), description="a list of simulation ids")


class CourseChange(StrictModel):
    """Lessons to read again or to retake, and why. An import applies all entries that are not released yet."""

    why: ShortText = Field(description="text of 1 to 200 characters")
    reread: Ids = Field((), description="a list of lesson ids")
    retake: Ids = Field((), description="a list of lesson ids")


class CourseMeta(Meta):
    TEXT = Meta.TEXT | {"tracks", "meters"}

    languages: Annotated[tuple[Tag, ...], Field(min_length=1)] = Field(
        description="a list of language tags, the source language first, as in [zh-Hans, en]"
    )
    tracks: Labels = Field(description=LABELS)
    meters: Labels = Field(description=LABELS)
    completion: CompletionRule = Field(description="what must be done, as in {lessons: all, passed: [final-exam]}")
    valid_months: Annotated[int, Field(ge=1, le=120)] | None = Field(
        None, description="a whole number of months from 1 to 120"
    )
    reviews: tuple[Days, ...] = Field((), description="a list of days, as in [2, 7, 30, 90]")
    changes: tuple[CourseChange, ...] = Field((), description="a list of {why, reread, retake}, the newest last")


class LessonMeta(Meta):
    """`minutes` of a lesson are computed; written ones cause a warning. `optional`: never required."""

    minutes: Minutes | None = Field(None, description=MINUTES)
    optional: bool = Field(False, description="true or false")
    objectives: Annotated[Ids, Field(min_length=1)] = Field(description=IDS)
    covers: Ids = Field((), description="a list of outline ids, as in [M4.S1.P1]")


class SimulationMeta(LessonMeta):
    # Not a key: `not_red` of the course decides whether it is required.
    optional: ClassVar[bool] = False  # type: ignore[misc]
    minutes: Minutes = Field(description=MINUTES)
    seconds: Annotated[int, Field(ge=0, le=600)] = Field(0, description="whole seconds from 0 to 600")
    chance: dict[Id, Fraction | Ids] = Field(
        {}, description="a flag with a fraction (genuine: 1/3) or a name with a list of flags"
    )
    waits_for: Literal["professional"] | None = Field(None, description="professional")


class ExamSection(StrictModel):
    """Questions drawn from a bank. `critical`: for each must-know question to draw, a tuple of possible objectives."""

    bank: Id = Field(description="the id of a bank")
    draw: Annotated[int, Field(ge=1, le=100)] = Field(description="a whole number from 1 to 100")
    critical: tuple[Ids, ...] = Field((), description="a list of lists of objectives, as in [[O3.3], [O3.8]]")


class Retake(StrictModel):
    wait: Duration = Field(timedelta(0), description=A_DURATION)
    after: Literal["lessons", "simulations"] | None = Field(None, description="lessons or simulations")


class PracticeRule(StrictModel):
    bank: Id = Field(description="the id of a bank")
    right: Annotated[int, Field(ge=1, le=20)] = Field(description="a whole number from 1 to 20")


class ExamMeta(Meta):
    """An exam, or a pre-test if it has no `pass_mark`."""

    minutes: Minutes = Field(description=MINUTES)
    time_limit: Minutes | None = Field(None, description=MINUTES)
    strata: Annotated[tuple[ExamSection, ...], Field(min_length=1)] = Field(
        description="a list of banks with what is drawn from them, as in {bank: bank-m3, draw: 6}"
    )
    pass_mark: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="a whole number from 1 to 100")
    retakes: tuple[Retake, ...] = Field(
        (), description="a list with one entry per further attempt, as in {wait: 10 min, after: lessons}"
    )
    reopens: Duration | None = Field(None, description=A_DURATION)
    critical_drill: PracticeRule | None = Field(None, description="a bank and a number, as in {bank: drill, right: 3}")
    again_after: Id | None = Field(None, description="the id of an exam")

    @property
    def is_pre_check(self) -> bool:
        return self.pass_mark is None

    @property
    def attempts(self) -> int:
        return attempts_in_a_row(self.retakes)


def attempts_in_a_row(retakes: Sized) -> int:
    """Return the number of attempts before the exam closes until it reopens: the first and its retakes."""
    return 1 + len(retakes)


class BankMeta(Meta):
    TEXT = Meta.TEXT | {"topics"}

    topics: Labels = Field({}, description="families with a word or two, as in {rebind: Changes}")


class SurveyMeta(Meta):
    audience: Literal["learner", "manager"] = Field("learner", alias="for", description="learner or manager")
    after_days: Annotated[int, Field(ge=0, le=3650)] = Field(0, description="whole days after completion")
    anonymous: bool = Field(True, description="true or false")


MODELS: dict[str, type[Meta]] = {
    "course": CourseMeta,
    "lesson": LessonMeta,
    "simulation": SimulationMeta,
    "exam": ExamMeta,
    "survey": SurveyMeta,
    "bank": BankMeta,
    **dict.fromkeys(("card", "jurisdiction", "outline", "sources", "terms", "module"), Meta),
}
