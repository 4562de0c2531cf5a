"""What learners ask a manager, or HR if they have no manager: another due date, or a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import get_language

from courseware.accounts.permissions.permissions import handles_people, people_in_hands_of
from courseware.accounts.teams.managers import managers_of
from courseware.content.course_titles import course_title
from courseware.learning.models import Enrollment, EnrollmentQuerySet, ExtensionRequest, ManagerQuestion

SHOWN = 5  # at once, the oldest; the next ones follow when these are answered
ASKED_AT_ONCE = 500  # in memory


@dataclass(frozen=True)
class Asked:
    """The oldest as `shown`, of `number`."""

    shown: Sequence
    number: int

    @property
    def beside(self) -> int:
        return self.number - len(self.shown)


@dataclass(frozen=True)
class LearnerRequests(Asked):
    """`shown` are pairs of request and course title; `learners` the keys of the user's people with a request."""

    learners: frozenset[int]


def learner_requests(user, led: EnrollmentQuerySet, at: datetime) -> LearnerRequests:
    """Requests that `user`, who leads these enrollments, is to answer.

    Runs two queries, two more if there are any; for HR two more, and three for each 500 requests.
    """
    asked = ExtensionRequest.objects.standing(at).filter(enrollment__course__current__isnull=False)
    rows = dict(asked.filter(enrollment__in=led).values_list("pk", "enrollment__learner"))
    learners = frozenset(rows.values())
    if handles_people(user):
        rows |= without_any_manager(asked, user)
    first = with_enrollments(sorted(rows)[:SHOWN]) if rows else []
    shown = [(each, course_title(each.enrollment.course, get_language())) for each in first]
    return LearnerRequests(shown, len(rows), learners)


def without_any_manager(asked: QuerySet[ExtensionRequest], user) -> dict[int, int]:
    """Request → learner of those that no manager can answer; `user` works in HR."""
    of_people = asked.filter(enrollment__learner__in=people_in_hands_of(user).values("pk")).order_by("pk")
    found: dict[int, int] = {}
    last = 0
    while rows := dict(of_people.filter(pk__gt=last).values_list("pk", "enrollment__learner")[:ASKED_AT_ONCE]):
        last = max(rows)
        led = managers_of(set(rows.values()))
        found |= {key: learner for key, learner in rows.items() if learner not in led}
    return found


def with_enrollments(keys: Sequence[int]) -> list[ExtensionRequest]:
    """Requests with their enrollments and the time zones of these. Runs two queries."""
    requests = list(ExtensionRequest.objects.filter(pk__in=keys).order_by("pk"))
    runs = Enrollment.objects.filter(pk__in=[each.enrollment_id for each in requests]).with_zone()
    found = runs.select_related("learner", "course__current").defer("course__current__outlines").in_bulk()
    for each in requests:
        each.enrollment = found[each.enrollment_id]
    return requests


def questions_asked(managed: QuerySet) -> Asked:
    """Waiting questions of these people, also of those about whom the manager cannot decide. Runs up to two queries."""
    waiting = ManagerQuestion.objects.filter(answered_at=None, enrollment__course__current__isnull=False)
    waiting = waiting.filter(enrollment__learner__in=managed, enrollment__learner__is_active=True)
    shown = list(waiting.select_related("enrollment__learner").order_by("pk")[: SHOWN + 1])
    return Asked(shown[:SHOWN], waiting.count() if len(shown) > SHOWN else len(shown))
