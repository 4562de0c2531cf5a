"""Actions: kinds of a learner's next action in a course. Their texts are in `templates/learner_home/acts/`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, pgettext

from courseware.assessment.exams.eligibility import FailedAttempt
from courseware.assessment.exams.practice_sets import OwedPracticeSet
from courseware.content.rendering.store import Step
from courseware.learner_home.in_progress import InProgress
from courseware.learning.status.not_asked import REASONS, Reason


class Action(StrEnum):
    """Kinds of next action, in the order of `LearnerProgress.next_action`. If nothing is required, see `Reason`."""

    FINISH = "finish"  # all is done, but not confirmed: see `completion.finish`
    ATTEMPT = "attempt"  # in progress
    AGAIN = "again"  # lessons or simulations to repeat after a failed exam
    PRACTICE = "practice"
    WAIT = "wait"  # for the next attempt, or all attempts are used
    RUN = "run"  # simulation in progress
    RETAKE = "retake"  # answer the check of a changed lesson
    REREAD = "reread"  # read a changed lesson before the exam
    EXAM = "exam"  # is open
    BEGIN = "begin"
    RENEW = "renew"  # begin while still certified
    GO_ON = "go-on"


CHANGED = (Action.RETAKE, Action.REREAD)
PRACTICE_MINUTES = 2  # its step is the exam, which takes much longer


@dataclass(frozen=True)
class NextAction:
    """`step`: where to act, or None. Set for some kinds only: `under_way` (ATTEMPT, RUN), `failed` (AGAIN, WAIT),
    `again` (AGAIN: all steps to repeat), `practice_set` (PRACTICE).
    """

    kind: Action | Reason
    course_id: str
    step: Step | None
    under_way: InProgress | None = None
    failed: FailedAttempt | None = None
    again: tuple[Step, ...] = ()
    practice_set: OwedPracticeSet | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the learner can act now."""
        return self.kind not in (*REASONS, Action.WAIT)

    @property
    def opens_at(self) -> datetime | None:
        return self.failed.eligibility.opens_at if self.failed else None

    @property
    def address(self) -> str:
        if self.under_way:
            name = "simulations:attempt" if self.under_way.is_run else "assessment:attempt"
            return reverse(name, args=[self.under_way.key])
        if self.practice_set:
            return reverse("assessment:practice", args=[self.practice_set.attempt, self.practice_set.rule])
        if self.kind == Action.WAIT and self.failed:
            return reverse("assessment:result", args=[self.failed.attempt])
        if not self.step:
            return reverse("home")
        address = reverse("learning:step", args=[self.course_id, self.step.id])
        if self.kind in CHANGED:
            return f"{address}#changed"
        return f"{address}?again=check" if self.kind == Action.AGAIN and self.step.kind == "lesson" else address

    @property
    def minutes(self) -> float | None:
        """Expected minutes; None if unknown, such as for a changed lesson."""
        if self.again:
            return sum(step.repeat_minutes for step in self.again)
        if self.kind == Action.PRACTICE:
            return PRACTICE_MINUTES
        # A change is much shorter than the lesson that it is in.
        is_whole = self.is_asked and self.kind not in CHANGED
        return self.step.minutes if self.step and is_whole else None

    @property
    def words(self) -> str:
        """One line of text in the active language; "" if nothing is required."""
        if self.kind in REASONS or not self.step:
            return ""
        values = {"step": self.step.title, "again": len(self.again)}
        if self.under_way:
            values["number"] = self.under_way.position
        if self.failed:
            values |= {"points": self.failed.points, "total": self.failed.max_points, "time": self.opening_text}
        return self._words() % values

    def _words(self) -> str:
        if self.kind == Action.AGAIN and self.step and self.step.kind == "simulation":
            return ngettext(
                "Exam not passed (%(points)d/%(total)d): repeat %(again)d simulation first",
                "Exam not passed (%(points)d/%(total)d): repeat %(again)d simulations first",
                len(self.again),
            )
        if self.kind == Action.AGAIN:
            return ngettext(
                "Exam not passed (%(points)d/%(total)d): repeat %(again)d lesson first",
                "Exam not passed (%(points)d/%(total)d): repeat %(again)d lessons first",
                len(self.again),
            )
        if self.kind == Action.WAIT and self.opens_at:
            return gettext("Exam not passed (%(points)d/%(total)d): it opens again %(time)s")
        texts: dict[Action | Reason, str] = {
            Action.ATTEMPT: gettext("%(step)s: started, not submitted"),
            Action.PRACTICE: gettext("%(step)s: passed, but the practice set is not done yet"),
            Action.WAIT: gettext("Exam not passed (%(points)d/%(total)d): all attempts are used"),
            Action.RUN: gettext("%(step)s: paused at situation %(number)d"),
            Action.RETAKE: gettext("%(step)s was updated: answer its check questions again"),
            Action.REREAD: gettext("%(step)s was updated: read it again"),
            Action.EXAM: gettext("%(step)s: can be started now"),
            Action.RENEW: gettext("Renewal: %(step)s"),
        }
        return texts.get(self.kind, "%(step)s")

    @property
    def opening_text(self) -> str:
        if not self.opens_at:
            return ""
        return date_format(
            timezone.localtime(self.opens_at), pgettext("date and time format, current year", "l j F, H:i")
        )
