"""The lesson page: its blocks, questions, answers and completion state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from django.utils.datastructures import MultiValueDict

from courseware.autosave.models import AutosavedText
from courseware.autosave.store import RestoreOffer
from courseware.content.rendering.paragraphs import without_ids
from courseware.content.rendering.store import PageData, Step
from courseware.course_format.questions.question_types import Question, is_for
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.answer_history import (
    AnswersByQuestion,
    counting_and_former,
    earlier_questions,
    minutes_of_rest,
    waiting,
    was_right,
    wording_asked,
)
from courseware.learning.lessons.answers import offer_beside, unsaved_texts
from courseware.learning.lessons.changed_lessons import LessonChange, ShownChange, as_shown, open_change
from courseware.learning.lessons.question_rendering import ShownQuestion, ask, ask_again, show
from courseware.learning.models import PHRASES_OF_LESSON, Answer
from courseware.learning.status.progress import job_role_of
from courseware.learning.status.progress_tracker import StepPosition, place_in

WORTH_KEEPING = ("rule", "say")  # kinds of callouts, the best first
IN_PLACE = ("order", "sort")  # another answer starts from the last one


@dataclass(frozen=True)
class Entered:
    """An invalid form to show again. `question`: variant id. `error`: message. `tries`: None if the options changed."""

    question: str
    tries: int | None
    fields: MultiValueDict
    error: str


@dataclass(frozen=True)
class LessonQuestion:
    """One question on the page. `place`: id of its first variant. `check`: number in the check, None for practice.
    `retry`: form for another answer, marked by `again`. `has_changed`: differs from the one answered (`earlier`).
    `next`: next question of the check.
    """

    place: str
    shown: ShownQuestion
    check: int | None
    check_total: int
    revision: int
    answered_at: Any = None
    retry: "LessonQuestion | None" = None
    again: bool = False
    is_other_wording: bool = False
    is_open: bool = False
    was_right: bool = False
    error: str = ""
    has_changed: bool = False
    earlier: ShownQuestion | None = None
    offer: RestoreOffer | None = None
    next: Question | None = None

    @property
    def anchor(self) -> str:
        return f"again-{self.place}" if self.again else f"q-{self.place}"

    @property
    def says_what_is_asked(self) -> bool:
        # Not repeated below a wrong answer.
        return not self.again or self.has_changed or self.is_other_wording

    @property
    def is_in_place(self) -> bool:
        """Whether this form for another answer holds the last one, with mistakes marked."""
        return self.again and self.shown.outcome == "missed"

    @property
    def stands_in_choice(self) -> bool:
        """Whether it is shown below the reason of the single wrong option."""
        return self.again and self.shown.kind == "one" and not self.says_what_is_asked


@dataclass(frozen=True)
class LessonPart:
    """Blocks up to a question. `is_ahead`: an earlier question has no answer yet."""

    blocks: list[Mapping[str, Any]]
    is_ahead: bool


@dataclass(frozen=True)
class QuestionDot:
    """`number` from 1, in practice or check. `mark`: "right", "missed" (never right), "saved" (.open) or ""."""

    question: str
    number: int
    mark: str


@dataclass(frozen=True)
class QuestionDots:
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
    """The foot of a lesson; a cache key. `waiting`: number of open questions. `done_count`, `total`: required steps of
    the course. `is_counted`: required. `is_cut`: parts are hidden; `is_whole`: all shown by choice.
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


@dataclass(frozen=True)
class LessonPage:
    """`tries`: id of a first variant → answers that count. `former`: variant id → answers to another signature of it.
    `earlier`: variant id → question as last answered, if changed since. `change`: not acknowledged yet. `once_more`: id
    of the question to practise again, or "check". `restored_question`: id of the open question to fill with the
    text of another device. `is_whole`: show all parts.
    """

    reading: LearnerContext
    step: Step
    page: PageData
    tries: AnswersByQuestion
    former: AnswersByQuestion
    earlier: Mapping[str, Question]
    change: LessonChange | None = None
    once_more: str = ""
    restored_question: str = ""
    is_whole: bool = False
    entered: Entered | None = None

    @cached_property
    def job_role(self) -> str:
        return job_role_of(self.reading.enrollment, self.reading.outline)

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Id → question (first variant) for the learner's job role, in reading order."""
        firsts = {key: self.page.questions[key] for key in self.page.wordings}
        return {key: question for key, question in firsts.items() if question.is_for(self.job_role)}

    @cached_property
    def asked(self) -> tuple[str, ...]:
        return tuple(question.id for question in self.step.check_for(self.job_role))

    @property
    def is_done(self) -> bool:
        return self.step.id in self.reading.progress.done

    @property
    def state(self) -> LessonState:
        return LessonState(
            step=self.step.id,
            revision=self.page.revision_id,
            is_done=self.is_done,
            is_counted=self.step.is_required,
            has_questions=bool(self.questions),
            asked=self.asked,
            waiting=len(self.waiting),
            is_cut=self.is_cut,
            is_whole=self.is_whole and not self.is_done,
            done_count=self.reading.progress.done_count,
            total=self.reading.progress.total,
            sentence=self.sentence if self.is_done else "",
            previous=self.reading.outline.before(self.step.id),
            next=self.reading.outline.after(self.step.id),
        )

    @cached_property
    def shown_change(self) -> ShownChange | None:
        return as_shown(self.change, self.reading.release, self.tries) if self.change else None

    @property
    def sentence(self) -> str:
        """HTML of the first rule of the lesson, else of its first phrase, else ""."""
        blocks = self.page.data["blocks"]
        found = (each["html"] for kind in WORTH_KEEPING for each in blocks if each.get("kind") == kind)
        return without_ids(next(found, ""))

    @property
    def dots(self) -> QuestionDots:
        practice = [question_id for question_id in self.questions if question_id not in self.asked]
        check = [question_id for question_id in self.questions if question_id in self.asked]
        return QuestionDots(self.numbered(practice), self.numbered(check))

    def numbered(self, questions: Iterable[str]) -> tuple[QuestionDot, ...]:
        return tuple(QuestionDot(each, number, self.mark(each)) for number, each in enumerate(questions, start=1))

    def mark(self, question_id: str) -> str:
        if self.was_right(question_id):
            return "right"
        last = [answer.is_right for answer in self.tries.get(question_id, ())][-1:]
        return {(): "", (None,): "saved", (False,): "missed"}[tuple(last)]

    @property
    def module(self):
        return self.reading.outline.module(self.step.module_id)

    @property
    def place(self) -> StepPosition:
        return place_in(self.module, self.step)

    @property
    def opens_module(self) -> bool:
        return self.step == next(step for step in self.module.steps if step.kind == "lesson")

    @property
    def entered_anchor(self) -> str:
        if self.entered is None:
            return ""
        card = self.card(self.page.first_variants[self.entered.question])
        return (card.retry or card).anchor

    def was_right(self, question_id: str) -> bool:
        return was_right(question_id, self.tries)

    def blocks(self) -> list[Mapping[str, Any]]:
        """Return the blocks in reading order: callouts with `is_mine`, `job_roles` and `is_kept`; questions with
        `card`, without those for other job roles.
        """
        return [shown for block in self.page.data["blocks"] if (shown := self.block(block))]

    def parts(self) -> list[LessonPart]:
        """Return the blocks, cut after each question."""
        parts, blocks, is_ahead = [], [], False
        for block in self.blocks():
            blocks.append(block)
            if block["type"] == "question":
                parts.append(LessonPart(blocks, is_ahead))
                blocks, is_ahead = [], is_ahead or self.holds_up(block["id"])
        return [*parts, LessonPart(blocks, is_ahead)] if blocks else parts

    @property
    def is_cut(self) -> bool:
        """Whether content is hidden behind a question without an answer."""
        shown = [
            each for each in self.page.data["blocks"] if each["type"] != "question" or each["id"] in self.questions
        ]
        return any(each["type"] == "question" and self.holds_up(each["id"]) for each in shown[:-1])

    def holds_up(self, question_id: str) -> bool:
        """Return whether the question (key of `questions`) hides what follows until it is answered. While an invalid
        form is shown again, no question does.
        """
        is_open = self.is_whole or self.is_done or self.entered is not None
        return not is_open and not self.tries.get(question_id)

    def block(self, block):
        if block["type"] == "question":
            return {**block, "card": self.card(block["id"])} if block["id"] in self.questions else None
        if block["type"] == "callout":
            tracks = self.reading.outline.tracks
            job_roles = tuple(tracks[job_role] for job_role in block["tracks"] if job_role in tracks)
            phrase = block.get("phrase", "")
            own = {"is_mine": is_for(block["tracks"], self.job_role), "is_kept": phrase in self.saved_phrases}
            return {**block, "job_roles": job_roles, "phrase": phrase, **own}
        return block

    @cached_property
    def saved_phrases(self) -> frozenset[str]:
        if not self.page.phrases:
            return frozenset()
        return frozenset(PHRASES_OF_LESSON(learner=self.reading.enrollment.learner_id, document=self.page.document_id))

    def card(self, question_id: str) -> LessonQuestion:
        """Return a question (key of `questions`) as a form or as answered; a wrong answer has a form for a new one."""
        tries = self.tries.get(question_id, ())
        if self.questions[question_id].kind == "open":
            return self.with_earlier(
                self.open_lesson_question(question_id, tries), tries or self.former.get(question_id, ())
            )
        if not tries:
            return self.with_earlier(self.form(question_id), self.former.get(question_id, ()))
        if self.was_right(question_id) and self.is_wanted_afresh(question_id):
            return self.form(question_id)
        wording = tries[-1].question
        question = self.earlier.get(wording, self.page.questions[wording])
        card = replace(
            self.plain_question(question_id, self.answered(question, self.answers_at(wording))),
            answered_at=tries[-1].answered_at,
            was_right=self.was_right(question_id),
            has_changed=wording in self.earlier,
            next=self.next_in_check(question_id),
        )
        is_missed = card.shown.outcome == "missed" and not card.was_right
        return replace(card, retry=self.retry(question_id, wording)) if is_missed else card

    def answers_at(self, wording: str) -> list[Answer]:
        """Return the answers to this variant (id) that count, oldest first."""
        tries = self.tries.get(self.page.first_variants[wording], ())
        return [answer for answer in tries if answer.question == wording]

    def answered(self, question: Question, tries: Sequence[Answer]) -> ShownQuestion:
        is_practice = self.page.first_variants[question.id] not in self.asked
        return show(question, self.reading.enrollment.pk, tries, is_practice=is_practice)

    def retry(self, question_id: str, missed: str) -> LessonQuestion:
        form = self.form(question_id)
        wording, has_changed = form.shown.id, missed in self.earlier
        card = replace(
            form,
            again=True,
            is_other_wording=wording != missed,
            is_open=self.is_wanted_afresh(question_id),
            has_changed=has_changed,
        )
        question = self.page.questions[wording]
        if question.kind not in IN_PLACE or card.says_what_is_asked or card.error:
            return card
        practice = question_id not in self.asked
        tries = self.answers_at(wording)
        return replace(card, shown=ask_again(question, self.reading.enrollment.pk, tries, is_practice=practice))

    def next_in_check(self, question_id: str) -> Question | None:
        """Return the next question of the check if it has no answer and `question_id` is answered right, else None."""
        if question_id not in self.asked or not self.was_right(question_id):
            return None
        following = self.asked[self.asked.index(question_id) + 1 :][:1]
        return next((self.questions[each] for each in following if not self.tries.get(each)), None)

    def with_earlier(self, card: LessonQuestion, tries: Sequence[Answer]) -> LessonQuestion:
        question = self.earlier.get(card.shown.id)
        if question is None:
            return card
        answers = [answer for answer in tries if answer.shape == question.shape]
        shown = self.answered(question, answers)
        return replace(card, has_changed=True, earlier=shown)

    def is_wanted_afresh(self, question_id: str) -> bool:
        is_entered = self.entered is not None and self.entered.question in self.page.wordings[question_id]
        return is_entered or self.once_more == question_id or (self.once_more == "check" and question_id in self.asked)

    def open_lesson_question(self, question_id: str, tries: Sequence[Answer]) -> LessonQuestion:
        # An open question stays a form, filled in with the last text.
        card = self.form(question_id)
        if tries:
            shown = replace(card.shown, text=card.shown.text or tries[-1].response, outcome="saved")
            card = replace(card, shown=shown, answered_at=tries[-1].answered_at)
        is_entered = self.entered is not None and self.entered.question == question_id
        return card if is_entered or question_id not in self.unsaved else self.with_offer(card)

    @cached_property
    def unsaved(self) -> Mapping[str, AutosavedText]:
        return unsaved_texts(self.reading.enrollment, self.page)

    def with_offer(self, card: LessonQuestion) -> LessonQuestion:
        autosaved, is_restored = self.unsaved[card.shown.id], self.restored_question == card.shown.id
        offer = offer_beside(autosaved, card.shown.text, card.answered_at, is_restored=is_restored)
        if offer and is_restored:
            card = replace(card, shown=replace(card.shown, text=autosaved.fields["text"], outcome=""))
        return replace(card, offer=offer)

    def form(self, question_id: str) -> LessonQuestion:
        wordings = self.page.wordings[question_id]
        entered = self.entered if self.entered and self.entered.question in wordings else None
        wording = entered.question if entered else wording_asked(wordings, self.tries.get(question_id, ()))
        tries = entered.tries if entered else None
        if tries is None:
            tries = len(self.answers_at(wording))
        fields = entered.fields if entered else None
        shown = ask(self.page.questions[wording], self.reading.enrollment.pk, tries, fields)
        return replace(self.plain_question(question_id, shown), error=entered.error if entered else "")

    def plain_question(self, question_id: str, shown: ShownQuestion) -> LessonQuestion:
        number = self.asked.index(question_id) + 1 if question_id in self.asked else None
        return LessonQuestion(question_id, shown, number, len(self.asked), self.page.revision_id)

    @cached_property
    def waiting(self) -> tuple[str, ...]:
        return waiting(self.questions, self.asked, self.tries)

    @property
    def minutes_left(self) -> int:
        left = sum(not self.tries.get(each) for each in self.questions)
        return minutes_of_rest(self.step.minutes or 0, left, len(self.questions))

    def open_question(self) -> str | None:
        return next(iter(self.waiting), None)


@dataclass(frozen=True)
class UntriedLesson(LessonPage):
    """A lesson without answers, autosaved texts and saved phrases. Runs no query."""

    unsaved: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    saved_phrases: ClassVar[frozenset[str]] = frozenset()


def untried_lesson(learner_context: LearnerContext, step: Step, page: PageData) -> UntriedLesson:
    return UntriedLesson(learner_context, step, page, {}, {}, {}, is_whole=True)


def lesson_page(learner_context: LearnerContext, step: Step, **fields) -> LessonPage:
    """Load a lesson for its learner. `fields`: `once_more`, `restored_question`, `is_whole` and `entered`."""
    page = learner_context.page(step.id)
    tries, former = counting_and_former(learner_context.enrollment, page)
    change = open_change(learner_context.enrollment, learner_context.outline, step)
    tries = change.on_new_text(tries) if change else tries
    last = [each[-1] for each in {**former, **tries}.values() if each]
    earlier = earlier_questions(learner_context, page, last)
    return LessonPage(learner_context, step, page, tries, former, earlier, change, **fields)
