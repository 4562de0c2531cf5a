"""What the templates of a lesson print: one question, a part, the line of dots, the foot."""

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
    """An invalid form, to be shown again as it was filled in, with `error` saying what to do.

    `tries` is None for a new form, if the places ticked in the old one mean something else now.
    """

    question: str
    tries: int | None
    fields: MultiValueDict
    error: str


@dataclass(frozen=True)
class Card:
    """One question on the page, in one of its wordings; `place` is the id of the first, by which it is known there.

    `check` is its number in the check (from 1), None for an activity.

    `revision` is the primary key of the revision it is shown from. `retry` is the form for another try at a question
    that was missed; that card is marked by `again`, and `is_open` where it is unfolded. It may ask in another wording.
    `error` says what to do.
    `has_changed`: the question reads otherwise than when it was answered; `shown` is how it was then, or a form for how
    it is now, with the answer of then in `earlier`. `next`: the question of the check to go on with.
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
        """Whether this form for another try holds the last one, and says what is wrong with it."""
        return self.again and self.shown.outcome == "missed"

    @property
    def stands_in_choice(self) -> bool:
        """Whether it stands under the reason of the one choice that was wrong."""
        return self.again and self.shown.kind == "one" and not self.says_what_is_asked


@dataclass(frozen=True)
class LessonPart:
    """A piece of the lesson up to a question. `is_ahead`: a question before it waits for an answer."""

    blocks: list[Mapping[str, Any]]
    is_ahead: bool


@dataclass(frozen=True)
class QuestionDot:
    """One question on the thin line above the lesson. `number` counts from 1 among the practice, or in the check;
    `mark` is "right", "missed" (and never right), "saved" (.open) or "" (not answered).
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
