"""View models of the lesson templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.datastructures import MultiValueDict

from courseware.content.compiled.serving import Step
from courseware.language.questions import Question
from courseware.learning.question_view import ShownQuestion
from courseware.unsaved.keeping import UnsavedOffer


@dataclass(frozen=True)
class Entered:
    """An invalid form to show again; `error` says what to do. `tries` is None if its places mean something else now."""

    question: str
    tries: int | None
    fields: MultiValueDict
    error: str


@dataclass(frozen=True)
class Card:
    """One question on the page, in one of its wordings.

    `place`: id of its first wording. `check`: its number in the check (from 1), None for practice. `revision`: key of
    the one shown. `retry`: form for another try, marked by `again`, unfolded if `is_open`. `has_changed`: reads
    otherwise than when it was answered; `earlier`: how it was answered then. `next`: the following question of the
    check.
    """

    place: str
    shown: ShownQuestion
    check: int | None
    check_total: int
    revision: int
    answered_at: Any = None
    retry: "Card | None" = None
    again: bool = False
    is_other_wording: bool = False
    is_open: bool = False
    was_right: bool = False
    error: str = ""
    has_changed: bool = False
    earlier: ShownQuestion | None = None
    offer: UnsavedOffer | None = None
    next: Question | None = None

    @property
    def anchor(self) -> str:
        return f"again-{self.place}" if self.again else f"q-{self.place}"

    @property
    def says_what_is_asked(self) -> bool:
        # Not once more under the answer that was missed.
        return not self.again or self.has_changed or self.is_other_wording

    @property
    def is_in_place(self) -> bool:
        """Whether this form for another try holds the last answer, and marks what is wrong."""
        return self.again and self.shown.outcome == "missed"

    @property
    def stands_in_choice(self) -> bool:
        """Whether it stands under the reason of the one wrong choice."""
        return self.again and self.shown.kind == "one" and not self.says_what_is_asked


@dataclass(frozen=True)
class LessonPart:
    """Blocks up to a question. `is_ahead`: an earlier question waits for an answer."""

    blocks: list[Mapping[str, Any]]
    is_ahead: bool


@dataclass(frozen=True)
class QuestionDot:
    """A question on the line above the lesson. `number` from 1, in the practice or the check; `mark` is "right",
    "missed" (and never right), "saved" (.open) or "".
    """

    question: str
    number: int
    mark: str


@dataclass(frozen=True)
class QuestionDots:
    """`right` and `total` count the check."""

    practice: tuple[QuestionDot, ...]
    check: tuple[QuestionDot, ...]

    @property
    def right(self) -> int:
        return sum(dot.mark == "right" for dot in self.check)

    @property
    def total(self) -> int:
        return len(self.check)


@dataclass(frozen=True)
class LessonState:
    """The foot of the lesson. `step` is its id, `revision` the key of the one shown; `asked` are the ids of its check,
    `waiting` counts what keeps it from being done; `done_count` and `left` count the required steps of the course,
    `total` all of them; `is_counted`: this is one. `sentence`: HTML of what to keep, once it is done; "" where the
    lesson has none. `is_cut`: parts of it are still ahead; `is_whole`: none are, because the reader chose so.
    """

    step: str
    revision: int
    is_done: bool
    is_counted: bool
    has_questions: bool
    asked: tuple[str, ...]
    waiting: int
    is_cut: bool
    is_whole: bool
    done_count: int
    total: int
    sentence: str
    previous: Step | None
    next: Step | None

    @property
    def left(self) -> int:
        return self.total - self.done_count
