"""Welcome on the home page, for a learner who has not begun."""

from collections.abc import Sequence
from dataclasses import dataclass

from courseware.accounts.models import User
from courseware.accounts.teams.managers import manager_of
from courseware.assessment.exams.grading import points_needed
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.learner_home.home import CoursePanel
from courseware.learning.models import Enrollment
from courseware.lib.text.durations import minutes_text_of

# First and last x of the steps before the exam, on a wide page and on a phone.
WIDE, NARROW = (252, 846), (5, 295)


@dataclass(frozen=True)
class WelcomeStep:
    x: str
    is_simulation: bool


@dataclass(frozen=True)
class Asking:
    """Who wants the training: the manager and the team, or the person who enrolled the learner (`team` is "")."""

    name: str
    team: str


@dataclass(frozen=True)
class Welcome:
    """`lessons`, `simulations`: required before the exam; `needed` of `asked` questions pass it (0: no exam)."""

    stops: int
    duration: str
    questions: int
    minutes: int | None
    lessons: int
    simulations: int
    optional: int
    has_simulations: bool
    asked: int
    needed: int
    wide: tuple[WelcomeStep, ...]
    narrow: tuple[WelcomeStep, ...]
    asking: Asking | None


def way_to_the_exam(outline: Outline) -> list[Step]:
    return [step for step in outline.steps if step.kind in ("lesson", "simulation") and not step.is_after_exam]


def welcome(panel: CoursePanel, person: User) -> Welcome:
    outline, release = panel.journey.outline, panel.enrollment.release
    exam = store.page(release, outline.exam_id, outline.language) if outline.exam_id else None
    start = store.page(release, outline.pre_check_id, outline.language) if outline.pre_check_id else None
    steps = way_to_the_exam(outline)
    required = [step.kind for step in steps if step.is_required]
    asked = questions_of(exam)
    return Welcome(
        stops=panel.journey.progress.total,
        duration=minutes_text_of(panel.minutes_left),
        questions=questions_of(start),
        minutes=start.data["minutes"] if start else None,
        lessons=required.count("lesson"),
        simulations=required.count("simulation"),
        optional=outline.optional_count,
        has_simulations=any(step.kind == "simulation" for step in steps),
        asked=asked,
        needed=points_needed(asked, exam.data["pass_mark"]) if exam else 0,
        wide=marks(steps, *WIDE),
        narrow=marks(steps, *NARROW),
        asking=asking(panel.enrollment, person),
    )


def questions_of(exam: PageData | None) -> int:
    return sum(stratum["draw"] for stratum in exam.data["strata"]) if exam else 0


def marks(steps: Sequence[Step], first: int, last: int) -> tuple[WelcomeStep, ...]:
    """Return a mark per step, evenly from x `first` to `last` (SVG units); a single one is in the middle."""
    if len(steps) == 1:
        first = last = (first + last) // 2
    gap = (last - first) / max(len(steps) - 1, 1)
    return tuple(
        WelcomeStep(f"{first + index * gap:.1f}", step.kind == "simulation") for index, step in enumerate(steps)
    )


def asking(enrollment: Enrollment, person: User) -> Asking | None:
    """Return the manager of `person` if there is one, else another person who enrolled `person`, else None."""
    if manager := manager_of(person):
        return Asking(manager.person.name, manager.team.name)
    events = Event.objects.filter(verb="enrolled", subject=subject_of(enrollment)).select_related("actor")
    by = next((event.actor for event in events[:1]), None)
    return Asking(by.name, "") if by and by.pk != person.pk else None
