"""The learner's home page: a panel for each course, and links to other tasks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timeuntil
from django.utils.translation import get_language, gettext

from courseware.accounts.calendar.absences import last_absence_day
from courseware.accounts.models import Membership
from courseware.accounts.teams.managers import manager_of
from courseware.assessment.exams.exam_rules import ExamRules, exam_rules_of
from courseware.assessment.models import Certificate, Certification
from courseware.content.rendering import store
from courseware.content.rendering.store import OutlineModule, Step
from courseware.course_format.parsing.documents import display_tag
from courseware.learner_home.actions import CHANGED, Action, NextAction
from courseware.learner_home.in_progress import PausedAttempt, paused_attempt
from courseware.learner_home.next_action import LearnerProgress, learner_progress_of
from courseware.learning.due_dates.due_dates import Due, due_of, spoken
from courseware.learning.due_dates.extensions import last_request
from courseware.learning.learner_context import LearnerContext, own_enrollments
from courseware.learning.lessons.changed_lessons import ShownChange, as_shown
from courseware.learning.lessons.lesson_page import lesson_page
from courseware.learning.models import PHRASES_OF_COURSE, Enrollment, ExtensionRequest
from courseware.learning.status.progress_tracker import StepPosition, TrackerModule, place_in, tracker_modules
from courseware.learning.status.states import urgency_of
from courseware.lib.dates import site_day


@dataclass(frozen=True)
class DrawnStep:
    x: int
    is_done: bool


@dataclass(frozen=True)
class ClockHands:
    """Angles in degrees from twelve."""

    hour: int
    minute: int


def steps_between(start: int, end: int, are_done: Sequence[bool]) -> tuple[DrawnStep, ...]:
    """Return steps at even distances from x `start` to `end` (SVG units), one per bool; a single one at `start`."""
    gaps = max(1, len(are_done) - 1)
    return tuple(DrawnStep(start + (end - start) * number // gaps, done) for number, done in enumerate(are_done))


@dataclass(frozen=True)
class NextQuestion:
    """`waiting`: number of open questions of the lesson. `minutes`: expected for all open questions."""

    id: str
    title: str
    waiting: int
    minutes: int


LOOKS = {Action.RUN: "night", Enrollment.State.COMPLETED: "done"}


@dataclass(frozen=True)
class CoursePanel:
    """One course of the learner. Data of the large panel is loaded on use."""

    journey: LearnerProgress

    @property
    def enrollment(self) -> Enrollment:
        return self.journey.enrollment

    @property
    def act(self) -> NextAction:
        return self.journey.next_action

    @property
    def piece(self) -> str:
        return f"learner_home/acts/{self.act.kind}.html"

    @property
    def look(self) -> str:
        return LOOKS.get(self.act.kind, "")

    @property
    def course(self) -> str:
        return self.journey.outline.course_id

    @property
    def language(self) -> str:
        return display_tag(self.journey.outline.language)

    @cached_property
    def due(self) -> Due | None:
        return due_of(self.enrollment)

    @cached_property
    def may_be_late(self) -> bool:
        return self.due is not None and (self.due.is_overdue or self.due.is_soon)

    @cached_property
    def asked(self) -> ExtensionRequest | None:
        """The open, else the last extension request; None unless the course is overdue or due soon. Runs a query."""
        return last_request(self.enrollment) if self.may_be_late else None

    @cached_property
    def changed(self) -> ShownChange | None:
        return as_shown(self.journey.changes[0], self.enrollment.release) if self.journey.changes else None

    @cached_property
    def manager(self) -> Membership | None:
        return manager_of(self.enrollment.learner) if self.due and self.due.is_overdue else None

    @cached_property
    def certificate(self) -> Certificate | None:
        return Certificate.objects.filter(enrollment=self.enrollment).first()

    @cached_property
    def certification(self) -> Certification | None:
        """The learner's current certification in the course, else None. Runs at most one query."""
        until = self.enrollment.certified_until
        if until is None or until < site_day():
            return None
        own = Certification.objects.filter(learner=self.enrollment.learner_id, course=self.enrollment.course_id)
        return own.select_related("certificate", "outside").first()

    @cached_property
    def phrases(self) -> int:
        return len(PHRASES_OF_COURSE(learner=self.enrollment.learner_id, course=self.enrollment.course_id))

    @property
    def certified_until(self) -> date | None:
        """None if never certified, or without expiry date."""
        until = self.enrollment.certified_until
        return until if until != date.max else None

    @property
    def module(self) -> OutlineModule | None:
        return self.journey.outline.module(self.act.step.module_id) if self.act.step else None

    @property
    def place(self) -> StepPosition | None:
        return place_in(self.module, self.act.step) if self.module and self.act.step else None

    @property
    def minutes_left(self) -> float:
        return self.journey.outline.minutes_left(self.journey.progress.done)

    @property
    def steps_left(self) -> int:
        return self.journey.progress.total - self.journey.progress.done_count

    @cached_property
    def stations(self) -> tuple[TrackerModule, ...]:
        return tracker_modules(self.journey.outline, self.journey.progress, self.act.step.id if self.act.step else "")

    @cached_property
    def next_question(self) -> NextQuestion | None:
        """The first open question of the next lesson, if the lesson has an answer already. Runs queries."""
        step = self.act.step
        if not step or step.kind != "lesson" or self.act.kind in (Action.AGAIN, *CHANGED):
            return None
        lesson = lesson_page(LearnerContext(self.enrollment), step)
        question = lesson.open_question()
        if not question or not lesson.tries:
            return None
        return NextQuestion(question, lesson.questions[question].title, len(lesson.waiting), lesson.minutes_left)

    @property
    def starts_here(self) -> bool:
        step = self.act.step
        return step is not None and step.kind == "pre-check" and self.act.kind == Action.GO_ON

    @property
    def exam(self) -> ExamRules | None:
        if not self.act.step or self.act.step.kind != "exam":
            return None
        page = store.page(self.enrollment.release, self.act.step.id, self.journey.outline.language)
        return exam_rules_of(page, sum(score.exam == self.act.step.id for score in self.journey.sittings))

    @property
    def read_before(self) -> Step | None:
        """The lesson right before the exam in its module, if any."""
        before = self.journey.outline.before(self.act.step.id) if self.act.step else None
        is_near = before and before.kind == "lesson" and self.module and before.module_id == self.module.id
        return before if is_near else None

    @property
    def rule(self) -> str:
        return self.journey.outline.objective(self.act.practice_set.rule) if self.act.practice_set else ""

    @property
    def worth_again(self) -> Step | None:
        return self.journey.outline.find(self.act.failed.worth_again) if self.act.failed else None

    @property
    def opening_text(self) -> str:
        return spoken_instant(self.act.opens_at) if self.act.opens_at else ""

    @property
    def paused_text(self) -> str:
        return spoken_instant(self.stopped.since) if self.stopped else ""

    @property
    def opens_in(self) -> str:
        return timeuntil(self.act.opens_at, depth=1) if self.act.opens_at else ""

    @property
    def hands(self) -> ClockHands:
        at = timezone.localtime(self.act.opens_at)
        return ClockHands(hour=30 * (at.hour % 12) + at.minute // 2, minute=6 * at.minute)

    @cached_property
    def stopped(self) -> PausedAttempt | None:
        left = self.act.under_way
        return paused_attempt(self.enrollment, left, self.journey.outline.language) if left and left.is_run else None

    @property
    def line_to_exam(self) -> tuple[DrawnStep, ...]:
        before = [each.is_done for each in self.stations if each.module != self.module]
        return steps_between(22, 142, before)

    @property
    def whole_line(self) -> tuple[DrawnStep, ...]:
        return steps_between(12, 248, [True for _each in self.stations])


def spoken_instant(at: datetime) -> str:
    """Return day and time as text in the active language, in the current time zone."""
    at = timezone.localtime(at)
    day = spoken(at.date(), timezone.localdate())
    return gettext("%(day)s at %(time)s") % {"day": day, "time": date_format(at, "H:i")}


def course_panels(request, chosen: str) -> list[CoursePanel]:
    """Return a panel per published course of the user, the most urgent first, but `chosen` (course id, or "") before
    all. Runs at most 8 queries.
    """
    enrollments, away_until = own_enrollments(request), last_absence_day(request.user)
    for enrollment in enrollments:
        enrollment.away_until = away_until
    newest = {enrollment.course_id: enrollment for enrollment in enrollments}
    outlines = {course: store.outline(enrollment.release, get_language()) for course, enrollment in newest.items()}
    panels = [CoursePanel(each) for each in learner_progress_of(most_urgent_first(list(newest.values())), outlines)]
    return sorted(panels, key=lambda panel: panel.course != chosen)


def first_changed(panels: Iterable[CoursePanel]) -> tuple[CoursePanel | None, int]:
    """Return (first panel with a changed lesson or None, number of other changed lessons in all panels)."""
    changed = [panel for panel in panels if panel.journey.changes]
    return next(iter(changed), None), max(0, sum(len(panel.journey.changes) for panel in changed) - 1)


def most_urgent_first(enrollments: list[Enrollment]) -> list[Enrollment]:
    return sorted(enrollments, key=lambda each: (urgency_of(each), each.enrolled_at))


@dataclass(frozen=True)
class OtherTask:
    words: str
    address: str


_asked: list[Callable[[HttpRequest], OtherTask | None]] = []


def register_other_work(ask: Callable[[HttpRequest], OtherTask | None]) -> None:
    """Register a link of the home page. `ask`: request → the task, or None if nothing waits for the user."""
    _asked.append(ask)


def other_work(request: HttpRequest) -> Iterator[OtherTask]:
    return filter(None, (ask(request) for ask in _asked))
