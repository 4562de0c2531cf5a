"""Who asks for another due day, for those who answer: leads for the people they lead, human resources where nobody
leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils.translation import get_language

from courseware.accounts.leads import leads_of
from courseware.accounts.permissions import handles_people, people_in_hands_of
from courseware.content.course_titles import course_title
from courseware.learning.day_requests import DayRequest
from courseware.learning.models import Enrollment, EnrollmentQuerySet

SHOWN = 5  # at once, the oldest; when these are answered the next ones stand there
ASKED_AT_ONCE = 500  # in memory


@dataclass(frozen=True)
class DayAsked:
    """`request`, `run` and `learner` are keys; `title` is that of the course."""

    request: int
    run: int
    learner: int
    name: str
    title: str
    due_on: date
    day: date
    why: str


@dataclass(frozen=True)
class DaysAsked:
    """The oldest as `shown`, of `number`; `learners` are the keys of those among all who ask whom the reader leads."""

    shown: list[DayAsked]
    number: int
    learners: frozenset[int]

    @property
    def beside(self) -> int:
        return self.number - len(self.shown)


def days_asked(user, led: EnrollmentQuerySet, at: datetime) -> DaysAsked:
    """What `user`, who leads those of these runs, is to answer. Runs two queries, two more where there are any, and
    two more for human resources: three for each so many requests."""
    asked = DayRequest.objects.standing(at).filter(enrollment__course__current__isnull=False)
    rows = dict(asked.filter(enrollment__in=led).values_list("pk", "enrollment__learner"))
    learners = frozenset(rows.values())
    if handles_people(user):
        rows |= without_lead(asked, user)
    first = sorted(rows)[:SHOWN]
    shown = [day_asked(each) for each in with_runs(first)] if first else []
    return DaysAsked(shown, len(rows), learners)


def without_lead(asked: QuerySet[DayRequest], user) -> dict[int, int]:
    """Those whom no lead could answer; `user` handles people. Three queries for each so many requests."""
    of_people = asked.filter(enrollment__learner__in=people_in_hands_of(user).values("pk")).order_by("pk")
    found: dict[int, int] = {}
    last = 0
    while rows := dict(of_people.filter(pk__gt=last).values_list("pk", "enrollment__learner")[:ASKED_AT_ONCE]):
        last = max(rows)
        led = leads_of(set(rows.values()))
        found |= {key: learner for key, learner in rows.items() if learner not in led}
    return found


def with_runs(keys: Sequence[int]) -> list[DayRequest]:
    """With their runs, and the time zones of these. Runs two queries."""
    requests = list(DayRequest.objects.filter(pk__in=keys).order_by("pk"))
    runs = Enrollment.objects.filter(pk__in=[each.enrollment_id for each in requests]).with_zone()
    found = runs.select_related("learner", "course__current").defer("course__current__outlines").in_bulk()
    for each in requests:
        each.enrollment = found[each.enrollment_id]
    return requests


def day_asked(request: DayRequest) -> DayAsked:
    run = request.enrollment
    title = course_title(run.course, get_language())
    return DayAsked(request.pk, run.pk, run.learner_id, run.learner.name, title, run.due_on, request.day, request.why)
