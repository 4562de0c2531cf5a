"""Suggested actions for a manager on *Today*, from a limited number of the most urgent enrollments (24 queries)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import CharField, Max, QuerySet, Value
from django.utils.translation import get_language

from courseware.accounts.calendar.working_days import calendars_of_people
from courseware.accounts.permissions.permissions import people_managed_by, undecidable_ids
from courseware.assessment.models import ExamAttempt
from courseware.assignments.follow_ups.follow_ups import FollowUpDue, follow_ups_due
from courseware.assignments.manager_actions.daily_actions import NotReminded, reminder_refusal
from courseware.assignments.models import Conversation
from courseware.assignments.names_text import names_text
from courseware.learning.models import Answer, Enrollment, EnrollmentQuerySet
from courseware.learning.status.not_asked import FILTERED_BY_PAGE, NotAskedReason
from courseware.learning.status.states import DUE_SOON, State
from courseware.lib.dates import site_day
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.rows import DashboardRow, published
from courseware.reporting.dashboard.stuck import Obstacle, possibly_stuck_ids
from courseware.reporting.today.learner_requests import Asked, LearnerRequests, learner_requests, questions_asked
from courseware.simulations.models import SimulationAttempt, SimulationOutcome

LOOKED_AT = 2000  # most urgent enrollments that are overdue or due soon
TALKS_LOOKED_AT = 500  # most urgent enrollments that were started
TALKS_IN_DOUBT = 100  # of these, built as rows to check them
REMINDERS_AT_ONCE = 500  # most urgent reminders per confirmation
LINES = 3  # suggestions of one kind, each about one person
NAMES = 5
MORE_TIME = timedelta(days=3)


@dataclass(frozen=True)
class Recipient:
    """Recipient of a reminder. `run`: enrollment id; `learner`: person id."""

    run: int
    learner: int
    name: str
    state: State
    has_begun: bool


@dataclass(frozen=True)
class SuggestedReminders:
    """Reminders to `number` people in one state; `recipients`: those of this confirmation."""

    state: State
    number: int
    recipients: Sequence[Recipient]

    @property
    def value(self) -> str:
        return ".".join(str(each.run) for each in self.recipients)

    @property
    def people(self) -> Sequence[Recipient]:
        """Recipients without duplicates: a person may be overdue in several courses."""
        return list({each.learner: each for each in reversed(self.recipients)}.values())[::-1]

    @property
    def named(self) -> Sequence[Recipient]:
        return self.people[:NAMES]

    @property
    def unnamed(self) -> int:
        return self.number - len(self.named)

    @property
    def later(self) -> int:
        return self.number - len(self.people)

    @property
    def unopened(self) -> int:
        return sum(not each.has_begun for each in self.people)


@dataclass(frozen=True)
class MoreTime:
    """Suggested extension for a person who has not opened the course. `run`: enrollment id; `day`: new due date."""

    run: int
    name: str
    due_on: date
    day: date

    @property
    def value(self) -> str:
        return f"{self.run}:{self.day.isoformat()}"


@dataclass(frozen=True)
class NotRemindedGroup:
    """People who get no reminder for one reason; `names`: of the first ones, as text."""

    why: NotReminded
    number: int
    names: str


@dataclass(frozen=True)
class SuggestedActions:
    """All suggestions. `others`: people who need nothing, None if not counted; `viewed_at`: LOOKED_AT if exceeded."""

    asked: LearnerRequests
    questions: Asked
    reminders: list[SuggestedReminders]
    more_time: list[MoreTime]
    has_more_unopened: bool
    talks: list[DashboardRow]
    stuck_beside: int
    left_out: list[NotRemindedGroup]
    follow_ups: list[FollowUpDue]
    follow_ups_beside: int
    others: int | None
    viewed_at: int | None

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.can_be_confirmed or self.asked.shown or self.questions.shown or self.follow_ups)

    @property
    def can_be_confirmed(self) -> bool:
        """Whether there is a checkbox; requests have their own forms."""
        return bool(self.reminders or self.more_time or self.talks)

    @property
    def number(self) -> int:
        """Number of tasks: checkboxes, requests, questions and follow-ups."""
        boxes = len(self.reminders) + len(self.more_time) + len(self.talks)
        return boxes + self.asked.number + self.questions.number + len(self.follow_ups) + self.follow_ups_beside


def led_by(user) -> EnrollmentQuerySet:
    """Return newest enrollments, also closed, of learners `user` manages, also as a deputy, and may decide about.
    Courses without a release are left out.
    """
    return decided_by(user, people_managed_by(user))


def decided_by(user, managed: QuerySet) -> EnrollmentQuerySet:
    """Return newest enrollments, also closed, of `managed` people (subquery of ids) that `user` may decide about."""
    enrollments = Enrollment.objects.filter(learner__in=managed).exclude(learner__in=undecidable_ids(user))
    return published(enrollments).newest()


def suggested_actions_for(user, at: datetime, *, counts_others: bool) -> SuggestedActions:
    """Return the suggested actions for this manager. `counts_others`: whether to count people who need nothing."""
    managed = people_managed_by(user)
    current = decided_by(user, managed).filter(learner__is_active=True)
    # Absent people are included, to be listed among people who get no reminder.
    asked_or_away = current.asked(at, ignoring={*FILTERED_BY_PAGE, NotAskedReason.AWAY})
    near = asked_or_away.filter(urgency__lte=at + DUE_SOON)
    urgent = list(near.order_by("urgency", "pk").values_list("pk", "learner")[: LOOKED_AT + 1])
    has_more = len(urgent) > LOOKED_AT
    first = with_whys([enrollment for enrollment, _learner in urgent[:LOOKED_AT]], at)
    unopened = list(may_have_more_time(with_reasons(near, at), at))
    stuck, asked = talks_due(current.asked(at, ignoring=FILTERED_BY_PAGE), at), learner_requests(user, current, at)
    follow_ups = follow_ups_due(user, site_day(at))
    questions = questions_asked(managed)
    asking = {*asked.learners, *(each.enrollment.learner_id for each in questions.shown)}
    beside = {*asking, *(each.enrollment.learner_id for each in stuck), *(each.run.learner_id for each in follow_ups)}
    busy = beside.union(learner for _run, learner in urgent)
    return SuggestedActions(
        asked,
        questions,
        list(suggested_reminders([each for each, why in first if not why])),
        more_time(unopened[:LINES]),
        len(unopened) > LINES,
        stuck[:LINES],
        len(stuck[LINES:]),
        list(left_out_of([(each, why) for each, why in first if why])),
        follow_ups[:LINES],
        len(follow_ups[LINES:]),
        others_of(current, busy) if counts_others and not has_more else None,
        LOOKED_AT if has_more else None,
    )


def with_reasons(enrollments: EnrollmentQuerySet, at: datetime) -> EnrollmentQuerySet:
    """Annotate open enrollments with the state, and with `why` there is no reminder (value of `NotReminded` or "")."""
    return enrollments.with_state(at).annotate(why=reminder_refusal(at))


def with_whys(enrollments: Collection[int], at: datetime) -> list[tuple[Recipient, str]]:
    """Return (recipient, value of `NotReminded` or ""), most urgent first. `enrollments`: ids. Runs 1 query."""
    # The reason is a column: as a condition it makes PostgreSQL read all accounts.
    found = with_reasons(Enrollment.objects.filter(pk__in=enrollments), at).order_by("urgency", "pk")
    rows = found.values_list("pk", "learner", "learner__name", "state", "started_at", "why")
    return [
        (Recipient(pk, learner, name, State(state), begun is not None), why)  # type: ignore[call-arg]  # looks a member up
        for pk, learner, name, state, begun, why in rows
    ]


def suggested_reminders(able: Sequence[Recipient]) -> Iterator[SuggestedReminders]:
    """Yield reminders by state to the first REMINDERS_AT_ONCE of `able`, all who may be reminded, most urgent first."""
    for state in (State.OVERDUE, State.DUE_SOON):
        if own := [each for each in able[:REMINDERS_AT_ONCE] if each.state == state]:
            yield SuggestedReminders(state, len({each.learner for each in able if each.state == state}), own)


def left_out_of(unable: Iterable[tuple[Recipient, str]]) -> Iterator[NotRemindedGroup]:
    """Yield people without a reminder, grouped by reason. `unable`: (recipient, value of `NotReminded`)."""
    people: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for each, why in unable:
        people[why][each.learner] = each.name
    for why, names in sorted(people.items()):
        yield NotRemindedGroup(NotReminded(why), len(names), names_text(list(dict.fromkeys(names.values()))))


def may_have_more_time(near: EnrollmentQuerySet, at: datetime) -> QuerySet:
    """Return the LINES + 1 most urgent enrollments that are unopened, never extended and not overdue, and whose `why`
    is not AWAY or ASKS. `near`: `with_reasons`.
    """
    soon = near.filter(urgency__gt=at, started_at=None, due_given_at=None)
    soon = soon.exclude(why__in=[NotReminded.AWAY, NotReminded.ASKS])
    return soon.select_related("learner").with_zone().order_by("urgency", "pk")[: LINES + 1]


def more_time(enrollments: Sequence[Enrollment]) -> list[MoreTime]:
    """Return a suggestion per enrollment with due date: the first working day at or after due date + MORE_TIME."""
    calendars = calendars_of_people([enrollment.learner_id for enrollment in enrollments]) if enrollments else {}
    found = []
    for enrollment in enrollments:
        day, calendar = enrollment.due_on + MORE_TIME, calendars[enrollment.learner_id]
        if not calendar.is_working(day):
            day = calendar.working_day_after(day)
        found.append(MoreTime(enrollment.pk, enrollment.learner.name, enrollment.due_on, day))
    return found


def others_of(enrollments: EnrollmentQuerySet, busy: Collection[int]) -> int | None:
    """Return the number of learners of `enrollments` who are not in `busy`; None above LOOKED_AT enrollments. `busy`: a
    set of ids, all of them such learners (not checked). Runs 1 query.
    """
    learners = list(enrollments.order_by().values_list("learner", flat=True)[: LOOKED_AT + 1])
    return None if len(learners) > LOOKED_AT else len(set(learners)) - len(busy)


# Conversations with people stuck at an obstacle or after a failed exam, unless one was recorded since


def talks_due(enrollments: EnrollmentQuerySet, at: datetime) -> list[DashboardRow]:
    """Return rows, without team, of people stuck at an obstacle or exam and not talked to since the last failure, most
    urgent first. `enrollments`: with something to do at `at`; checks the first TALKS_LOOKED_AT.
    """
    begun = enrollments.exclude(started_at=None).order_by("urgency", "pk")
    keys = list(begun.values_list("pk", flat=True)[:TALKS_LOOKED_AT])
    in_doubt = set(possibly_stuck_ids(Enrollment.objects.filter(pk__in=keys), at)) if keys else set()
    if not in_doubt:
        return []
    urgent = [key for key in keys if key in in_doubt][:TALKS_IN_DOUBT]
    rows = dashboard_rows.rows(
        dashboard_rows.enrollments_with_facts(urgent, at), {}, dashboard_rows.outlines(get_language()), at
    )
    stopped = [row for row in rows if row.stuck.stops or row.stuck.has_failed]
    return not_talked_about(stopped)


def not_talked_about(rows: list[DashboardRow]) -> list[DashboardRow]:
    """Return the rows without a conversation since the last failure."""
    talked = Conversation.objects.last_about([row.enrollment.pk for row in rows])
    if not talked:
        return rows
    failings = last_failings(talked)
    return [row for row in rows if has_failed_since(row, talked.get(row.enrollment.pk), failings)]


def has_failed_since(
    row: DashboardRow, talked_at: datetime | None, failings: Mapping[tuple[int, Obstacle], datetime]
) -> bool:
    if talked_at is None:
        return True
    last = (failings.get((row.enrollment.pk, obstacle)) for obstacle in obstacles(row))
    return any(at > talked_at for at in last if at)


def obstacles(row: DashboardRow) -> Iterable[Obstacle]:
    yield from row.stuck.stops
    if row.stuck.has_failed:
        yield Obstacle(row.journey.outline.exam_id or "")


def last_failings(enrollments: Iterable[int]) -> dict[tuple[int, Obstacle], datetime]:
    """Return (enrollment id, obstacle) → time of the last failure. `enrollments`: ids. Runs 1 query."""
    of_enrollments, nothing = {"enrollment__in": list(enrollments)}, Value("", CharField())
    answers = Answer.objects.filter(is_right=False, **of_enrollments).order_by()
    reds = SimulationAttempt.objects.filter(what_if_of=None, colour=SimulationOutcome.RED, **of_enrollments).order_by()
    exams = ExamAttempt.objects.filter(is_passed=False, **of_enrollments).order_by()
    failed = answers.values_list("enrollment", "document__identifier", "question").annotate(Max("answered_at"))
    red = reds.values_list("enrollment", "simulation__identifier", nothing).annotate(Max("finished_at"))
    exam = exams.values_list("enrollment", "exam__identifier", nothing).annotate(Max("submitted_at"))
    found = failed.union(red, exam, all=True)
    return {(enrollment, Obstacle(step, question)): last for enrollment, step, question, last in found}
