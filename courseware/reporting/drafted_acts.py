"""What a lead may do today, drafted with its reasons: letters, another day, a talk, a look after the course; and who is
left out of letters.

It is about the people whom somebody leads, not about all whom an office lets see. Only the most urgent runs are looked
at: their number, and that of the statements, is bounded, for one person as for a hundred thousand.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from courseware.accounts.permissions import not_decided_by, people_managed_by
from courseware.accounts.working_days import calendars_of_people
from courseware.assignments.decision_pages import names_in_words
from courseware.assignments.observing import ObservationDue, observations_due
from courseware.assignments.reminding_by_hand import Unreminded, why_unreminded
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.not_asked import FILTERED_BY_PAGE, NotAskedReason
from courseware.learning.states import DUE_SOON, State
from courseware.lib.dates import site_day
from courseware.reporting.board_rows import BoardRow, published
from courseware.reporting.days_asked import DaysAsked, days_asked
from courseware.reporting.questions_asked import QuestionsAsked, questions_asked
from courseware.reporting.talks_due import talks_due

LOOKED_AT = 2000  # runs, the most urgent that are late or due soon: of each it is asked why no letter would go
LETTERS_AT_ONCE = 500  # the most urgent; when these have theirs, the next ones are drafted
LINES = 3  # of one kind, each about one person
NAMES = 5
MORE_TIME = timedelta(days=3)


@dataclass(frozen=True)
class Recipient:
    """`run` and `learner` are keys."""

    run: int
    learner: int
    name: str
    state: State
    has_begun: bool


@dataclass(frozen=True)
class Letters:
    """Reminders to `number` people in one state, of whom `recipients` get theirs by this press."""

    state: State
    number: int
    recipients: Sequence[Recipient]

    @property
    def value(self) -> str:
        """What the box of the form stands for."""
        return ".".join(str(each.run) for each in self.recipients)

    @property
    def people(self) -> Sequence[Recipient]:
        """Each once, who may be late in several courses."""
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
    def is_late(self) -> bool:
        return self.state == State.OVERDUE

    @property
    def unopened(self) -> int:
        return sum(not each.has_begun for each in self.people)


@dataclass(frozen=True)
class MoreTime:
    """Another day for somebody who has not opened the course yet; the first working day that long after the former."""

    run: int
    name: str
    due_on: date
    day: date

    @property
    def value(self) -> str:
        return f"{self.run}:{self.day.isoformat()}"


@dataclass(frozen=True)
class NoLetter:
    """`number` people get no letter, for one reason; the names of the first."""

    why: Unreminded
    number: int
    names: str


@dataclass(frozen=True)
class DraftedActs:
    """`others`: how many people nothing is to be done about; None where that many are not counted.

    `looked_at`: from how many runs, the most urgent, letters are drafted, where there are more; else None.
    """

    asked: DaysAsked
    questions: QuestionsAsked
    letters: list[Letters]
    more_time: list[MoreTime]
    has_more_unopened: bool
    talks: list[BoardRow]
    stuck_beside: int
    left_out: list[NoLetter]
    observations: list[ObservationDue]
    observations_beside: int
    others: int | None
    looked_at: int | None

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.can_be_confirmed or self.asked.shown or self.questions.shown or self.observations)

    @property
    def can_be_confirmed(self) -> bool:
        """Whether there is anything to tick; days that are asked for are answered by themselves."""
        return bool(self.letters or self.more_time or self.talks)

    @property
    def number(self) -> int:
        """Of what there is to do: boxes that may be ticked, days that are asked for, people to be looked at."""
        boxes = len(self.letters) + len(self.more_time) + len(self.talks)
        return boxes + self.asked.number + self.questions.number + len(self.observations) + self.observations_beside


def led_by(user) -> EnrollmentQuerySet:
    """The newest runs of learners whom `user` leads, also as a substitute, and may decide about."""
    return decided_by(user, people_managed_by(user))


def decided_by(user, managed: QuerySet) -> EnrollmentQuerySet:
    led = Enrollment.objects.filter(learner__in=managed).exclude(learner__in=not_decided_by(user))
    return published(led).newest()


def draft_for(user, at: datetime, *, counts_others: bool) -> DraftedActs:
    managed = people_managed_by(user)
    led = decided_by(user, managed).filter(learner__is_active=True)
    # People who are away are listed among those who get no reminder.
    asked_or_away = led.asked(at, ignoring={*FILTERED_BY_PAGE, NotAskedReason.AWAY})
    near = asked_or_away.filter(urgency__lte=at + DUE_SOON)
    urgent = list(near.order_by("urgency", "pk").values_list("pk", "learner")[: LOOKED_AT + 1])
    has_more = len(urgent) > LOOKED_AT
    first = with_whys([run for run, _learner in urgent[:LOOKED_AT]], at)
    unopened = list(may_have_more_time(with_reasons(near, at), at))
    talks, asked = talks_due(led.asked(at, ignoring=FILTERED_BY_PAGE), at), days_asked(user, led, at)
    observations = observations_due(user, site_day(at))
    questions = questions_asked(managed)
    asking = {*asked.learners, *(each.learner for each in questions.shown)}
    beside = {*asking, *(each.enrollment.learner_id for each in talks), *(each.run.learner_id for each in observations)}
    busy = beside.union(learner for _run, learner in urgent)
    return DraftedActs(
        asked,
        questions,
        list(letters_drafted([each for each, why in first if not why])),
        more_time(unopened[:LINES]),
        len(unopened) > LINES,
        talks[:LINES],
        len(talks[LINES:]),
        list(left_out_of([(each, why) for each, why in first if why])),
        observations[:LINES],
        len(observations[LINES:]),
        others_of(led, busy) if counts_others and not has_more else None,
        LOOKED_AT if has_more else None,
    )


def with_reasons(runs: EnrollmentQuerySet, at: datetime) -> EnrollmentQuerySet:
    return runs.with_state(at).annotate(why=why_unreminded(at))


def with_whys(runs: Collection[int], at: datetime) -> list[tuple[Recipient, str]]:
    """Whoever learns in these, most urgent first, and why no letter would go; "" to whom one would. Runs one query.

    All are read and sorted out here: as a condition, the reason made PostgreSQL read every account of the firm.
    """
    found = with_reasons(Enrollment.objects.filter(pk__in=runs), at).order_by("urgency", "pk")
    rows = found.values_list("pk", "learner", "learner__name", "state", "started_at", "why")
    return [
        (Recipient(run, learner, name, State(state), begun is not None), why)  # type: ignore[call-arg]  # looks a member up
        for run, learner, name, state, begun, why in rows
    ]


def letters_drafted(able: Sequence[Recipient]) -> Iterator[Letters]:
    for state in (State.OVERDUE, State.DUE_SOON):
        if own := [each for each in able[:LETTERS_AT_ONCE] if each.state == state]:
            yield Letters(state, len({each.learner for each in able if each.state == state}), own)


def left_out_of(unable: Iterable[tuple[Recipient, str]]) -> Iterator[NoLetter]:
    people: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for each, why in unable:
        people[why][each.learner] = each.name
    for why, names in sorted(people.items()):
        yield NoLetter(Unreminded(why), len(names), names_in_words(list(dict.fromkeys(names.values()))))


def may_have_more_time(near: EnrollmentQuerySet, at: datetime) -> QuerySet:
    """Not overdue, not opened, and nobody has given another day yet: the most urgent, one more than is shown."""
    soon = near.filter(urgency__gt=at, started_at=None, due_given_at=None)
    soon = soon.exclude(why__in=[Unreminded.AWAY, Unreminded.ASKS])
    return soon.select_related("learner").with_zone().order_by("urgency", "pk")[: LINES + 1]


def more_time(runs: Sequence[Enrollment]) -> list[MoreTime]:
    calendars = calendars_of_people([run.learner_id for run in runs]) if runs else {}
    found = []
    for run in runs:
        day, calendar = run.due_on + MORE_TIME, calendars[run.learner_id]
        if not calendar.is_working(day):
            day = calendar.working_day_after(day)
        found.append(MoreTime(run.pk, run.learner.name, run.due_on, day))
    return found


def others_of(led: EnrollmentQuerySet, busy: Collection[int]) -> int | None:
    """None if there are more than LOOKED_AT enrollments. `busy` are people about whom there is something to do. Runs a
    query."""
    learners = list(led.order_by().values_list("learner", flat=True)[: LOOKED_AT + 1])
    return None if len(learners) > LOOKED_AT else len(set(learners)) - len(busy)
