"""Question rendering: order of options, marks, answer key and reasons. No database, no request. Key and all
reasons follow a right answer or a second wrong one. Forms name options by their position on the page: their position in
the file is the key of .order and .sort.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import unescape
from typing import Protocol

from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from django.utils.html import strip_tags

from courseware.content.rendering.markable_text import cut_at_pieces
from courseware.course_format.questions.question_types import Order, Question, ResponseValue
from courseware.lib.web.form_numbers import small_number

MISSES_THAT_REVEAL = 2
SALT = "courseware.learning.order_of_choices"
TICKED = ("one", "several", "mark")  # answered by ticking options
DONE = ("mark", "order", "sort")  # answered in the question itself
SIDE_BY_SIDE = 3  # with more groups, entries show numbers instead of names


class OtherOrder(Exception):
    """The order of the options in the form is no longer known."""


class ShownAnswer(Protocol):
    """The attributes of `learning.Answer` that are used here."""

    response: ResponseValue

    @property
    def is_right(self) -> bool | None: ...


@dataclass(frozen=True)
class ShownChoice:
    """`value`: sent by the form. Texts are HTML. `number` (from 1) and `group`: where it was put in .order and .sort.
    `mark`: "right", "wrong", "key" (right, not chosen) or "". `belongs`: the right position, if it may be shown and the
    learner's differs. `shift`: a step is too "late" or "early". `is_former`: chosen in an earlier answer, not in the
    last.
    """

    value: str
    html: str
    is_chosen: bool = False
    number: int | None = None
    group: str = ""
    group_html: str = ""
    mark: str = ""
    reason: str = ""
    belongs: str = ""
    shift: str = ""
    is_former: bool = False

    @property
    def verdict(self) -> str:
        """The mark to show; "" for an option in its right position."""
        return "" if self.mark == "right" and (self.number or self.group) else self.mark

    @property
    def look(self) -> str:
        looks = {"wrong": "no", "right": "yes", "key": "key", "": ""}
        return looks[self.verdict]


@dataclass(frozen=True)
class ShownPiece:
    html: str
    choice: ShownChoice | None = None


@dataclass(frozen=True)
class ShownGroup:
    """A group of .sort; `name` is its plain text."""

    value: str
    html: str
    name: str


@dataclass(frozen=True)
class ShownQuestion:
    """A question as a form (`is_form`) or as answered. `outcome`: "", "missed", "right" or "saved" (.open). `tries`:
    number of all answers, in a form of those before it. `missing`: number of right pieces of .mark not chosen and not
    shown.
    """

    id: str
    kind: str
    title: str
    stem: str
    choices: tuple[ShownChoice, ...]
    groups: tuple[ShownGroup, ...]
    is_form: bool
    tries: int
    outcome: str = ""
    text: str = ""
    drawn_with: str = ""
    redacted: bool = False
    missing: int = 0
    reveals: bool = False

    @cached_property
    def passage(self) -> tuple[ShownPiece, ...]:
        """The stem of .mark, cut at its pieces; empty if they cannot be marked in the text."""
        cut = cut_at_pieces(self.stem) if self.kind == "mark" else ()
        choices = {choice.html: choice for choice in self.choices}
        pieces = tuple(ShownPiece(html, choices.get(html) if index % 2 else None) for index, html in enumerate(cut))
        return pieces if len(pieces) > 1 else ()

    @property
    def told(self) -> tuple[ShownChoice, ...]:
        """The options below the answer: of a .mark passage only those with a mark or reason."""
        if not self.passage:
            return self.choices
        marked = [choice for choice in self.choices if choice.mark or choice.reason]
        return tuple(sorted(marked, key=lambda choice: ("wrong", "key", "right", "").index(choice.mark)))

    @property
    def tells_wrong(self) -> bool:
        return any(choice.mark == "wrong" or (choice.mark == "key" and self.passage) for choice in self.choices)

    @property
    def is_side_by_side(self) -> bool:
        return len(self.groups) <= SIDE_BY_SIDE

    @property
    def in_order(self) -> int:
        return sum(choice.mark == "right" for choice in self.choices)


def order_of(question: Question, enrollment_id: int, tries: int) -> tuple[int, ...]:
    """Return positions of the options as shown after `tries` answers; the same after a reload."""
    return question.shown_order(shuffle_for(f"{enrollment_id}:{question.id}:{tries}"))


def shuffle_for(shown: str) -> Callable[[list[int]], None]:
    """Return a function that shuffles positions, always alike for one `shown`, the name of the form."""

    def lot(position: int) -> bytes:
        return salted_hmac(SALT, f"{shown}:{position}", algorithm="sha256").digest()

    return lambda positions: positions.sort(key=lot)


def drawn_with() -> str:
    """Return an identifier of the key that orders are drawn with, without revealing it."""
    return salted_hmac(SALT, "the key", algorithm="sha256").hexdigest()[:8]


def reveals_all(tries: Sequence[ShownAnswer]) -> bool:
    misses = sum(answer.is_right is False for answer in tries)
    return misses >= MISSES_THAT_REVEAL or any(answer.is_right for answer in tries)


def ask(question: Question, enrollment_id: int, tries: int, entered: MultiValueDict | None = None) -> ShownQuestion:
    """Return a form for the next answer, after `tries` answers. `entered`: an invalid form to fill in again."""
    entered = entered or MultiValueDict()
    order = order_of(question, enrollment_id, tries)
    chosen = set(entered.getlist("choice"))
    return ShownQuestion(
        id=question.id,
        kind=question.kind,
        title=question.title,
        stem=question.stem,
        groups=groups_of(question),
        choices=tuple(
            ShownChoice(
                value=str(value),
                html=question.choices[position].text,
                is_chosen=str(value) in chosen,
                number=small_number(entered.get(f"number-{value}")),
                group=entered.get(f"group-{value}", ""),
            )
            for value, position in enumerate(order)
        ),
        is_form=True,
        tries=tries,
        text=entered.get("text", ""),
        drawn_with=drawn_with(),
        redacted=question.redacted,
    )


def show(
    question: Question,
    enrollment_id: int,
    tries: Sequence[ShownAnswer],
    asked_after: int | None = None,
    *,
    is_practice: bool = False,
    reveal: bool = False,
) -> ShownQuestion:
    """Return the question after `tries` (answers to it, oldest first, at least one). `asked_after`: number of answers
    when its form was shown, default `len(tries) - 1`. `is_practice`: not in the check. `reveal`: show key and all
    reasons.
    """
    last = tries[-1]
    reveal = reveal or reveals_all(tries) or (is_practice and question.kind in DONE)
    order = order_of(question, enrollment_id, len(tries) - 1 if asked_after is None else asked_after)
    text, given = (last.response, []) if isinstance(last.response, str) else ("", last.response)
    shown = [shown_choice(question, position, value, given, reveal) for value, position in enumerate(order)]
    if question.kind in TICKED:
        shown = with_former(shown, order, tries, given)
    return ShownQuestion(
        id=question.id,
        kind=question.kind,
        title=question.title,
        stem=question.stem,
        groups=groups_of(question),
        # Steps of .order as the learner put them, other options as on the answered page.
        choices=tuple(sorted(shown, key=lambda choice: choice.number or 0)),
        is_form=False,
        tries=len(tries),
        outcome={True: "right", False: "missed", None: "saved"}[last.is_right],
        text=text,
        redacted=question.redacted,
        missing=0 if reveal else missing_pieces(question, given),
        reveals=reveal,
    )


def missing_pieces(question: Question, given: Sequence[int]) -> int:
    return len(set(question.key).difference(given)) if question.kind == "mark" else 0


def with_former(
    shown: Sequence[ShownChoice], order: Sequence[int], tries: Sequence[ShownAnswer], given: Sequence[int]
) -> list[ShownChoice]:
    former = {position for each in tries[:-1] for position in each.response}.difference(given)
    return [replace(choice, is_former=position in former) for choice, position in zip(shown, order, strict=True)]


def ask_again(
    question: Question, enrollment_id: int, tries: Sequence[ShownAnswer], *, is_practice: bool = False
) -> ShownQuestion:
    """Return an .order or .sort as a form with the last answer and its mistakes marked. Raise TypeError for a text."""
    shown = show(question, enrollment_id, tries, is_practice=is_practice)
    given = tries[-1].response
    if isinstance(given, str):
        raise TypeError(f"a text is not put somewhere: {question.id}")
    form, positions = ask(question, enrollment_id, len(tries)), order_of(question, enrollment_id, len(tries))
    choices = [
        shown_choice(question, position, value, given, shown.reveals) for value, position in enumerate(positions)
    ]
    choices.sort(key=lambda choice: choice.number or 0)
    return replace(form, choices=tuple(choices), outcome=shown.outcome, reveals=shown.reveals)


def shown_choice(question: Question, position: int, value: int, response: Sequence[int], reveal: bool) -> ShownChoice:
    """Return an answered option. `position`: in the file; `value`: on the page; `response`: see `Answer.response`."""
    choice = question.choices[position]
    is_ticked_kind = question.kind in TICKED
    is_chosen = position in response if is_ticked_kind else True
    is_right = is_in_place(question, position, response)
    # In .order and .sort only misplaced options show their reasons: others would be a hint for the rest.
    shows_reason = reveal or (is_chosen if is_ticked_kind else not is_right)
    return ShownChoice(
        value=str(value),
        html=choice.text,
        is_chosen=is_chosen,
        number=response.index(position) + 1 if question.kind == "order" else None,
        group=str(response[position]) if question.kind == "sort" else "",
        group_html=question.groups[response[position]] if question.kind == "sort" else "",
        mark=mark_of(is_chosen, is_right, reveal),
        reason=choice.reason if shows_reason else "",
        belongs=right_position(question, position) if reveal and not is_right else "",
        shift=Order.moved(response).get(position, "") if question.kind == "order" else "",
    )


def groups_of(question: Question) -> tuple[ShownGroup, ...]:
    return tuple(ShownGroup(str(value), html, unescape(strip_tags(html))) for value, html in enumerate(question.groups))


def is_in_place(question: Question, position: int, response: Sequence[int]) -> bool:
    if question.kind == "order":
        return position not in Order.moved(response)
    if question.kind == "sort":
        return response[position] == question.choices[position].group
    return question.choices[position].ticked


def mark_of(is_chosen: bool, is_right: bool, reveal: bool) -> str:
    if is_chosen:
        return "right" if is_right else "wrong"
    return "key" if reveal and is_right else ""


def right_position(question: Question, position: int) -> str:
    if question.kind == "order":
        return str(position + 1)
    if question.kind == "sort":
        return question.groups[question.key[position]]
    return ""


def raw_response(question: Question, enrollment_id: int, tries: int, sent: MultiValueDict) -> list[str]:
    """Return a sent form as `Question.clean` takes it. `tries`: number of answers when it was shown. Raise `ValueError`
    if invalid, `OtherOrder` if the site's key is no longer that of the form.
    """
    order = order_of(question, enrollment_id, tries)
    if order and sent.get("drawn_with") != drawn_with():
        raise OtherOrder(question.id)
    return raw_in_order(question, order, sent)


def raw_in_order(question: Question, order: Sequence[int], sent: MultiValueDict) -> list[str]:
    """Return a sent form as `Question.clean` takes it. `order`: positions as shown. Raise `ValueError` if invalid."""
    if question.kind == "open":
        return [sent.get("text", "").replace("\r\n", "\n")]  # browsers send CRLF
    if question.kind in TICKED:
        return [str(position) for position in sorted(order[index] for index in indexes(sent.getlist("choice"), order))]
    if question.kind == "order":
        return raw_steps(order, sent)
    groups = {position: sent.get(f"group-{value}", "") for value, position in enumerate(order)}
    return [groups[position] for position in sorted(groups)]


def raw_steps(order: Sequence[int], sent: MultiValueDict) -> list[str]:
    numbers = [small_number(sent.get(f"number-{value}")) for value in range(len(order))]
    if sorted(number or 0 for number in numbers) != list(range(1, len(order) + 1)):
        raise ValueError(f"expected each number from 1 to {len(order)} once")
    return [str(position) for _number, position in sorted(zip(numbers, order, strict=True))]


def indexes(values: Sequence[str], order: Sequence[int]) -> list[int]:
    positions = [index for value in values if (index := small_number(value)) is not None and index < len(order)]
    if len(positions) < len(values):
        raise ValueError("no such choice")
    return positions
