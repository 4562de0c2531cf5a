"""Requests of learners to their manager, or to HR without one: extension requests and questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import get_language

from courseware.accounts.permissions.permissions import handles_people, people_manageable_by
from courseware.accounts.teams.managers import managers_of
from courseware.content.course_titles import course_title
from courseware.learning.models import Enrollment, EnrollmentQuerySet, ExtensionRequest, ManagerQuestion

SHOWN = 5  # oldest ones; answering them shows the next
ASKED_AT_ONCE = 500  # in memory


@dataclass(frozen=True)
class Asked:
    """The oldest requests, and the number of all."""

    shown: Sequence
    number: int

    @property
    def beside(self) -> int:
        return self.number - len(self.shown)


@dataclass(frozen=True)
class LearnerRequests(Asked):
    """Extension requests. `shown`: (request, course title); `learners`: ids of managed people with a request."""

    learners: frozenset[int]


def learner_requests(user, managed: EnrollmentQuerySet, at: datetime) -> LearnerRequests:
    """Return open extension requests of enrollments `managed` (by `user`, not checked) and, for HR, of people without
    manager whom `user` may manage. Runs 2 queries, 2 more if there are any; for HR 2 more, 3 per 500 requests.
    """
    asked = ExtensionRequest.objects.open_at(at).filter(enrollment__course__current__isnull=False)
    rows = dict(asked.filter(enrollment__in=managed).values_list("pk", "enrollment__learner"))
    learners = frozenset(rows.values())
    if handles_people(user):
        rows |= without_any_manager(asked, user)
    first = with_enrollments(sorted(rows)[:SHOWN]) if rows else []
    shown = [(each, course_title(each.enrollment.course, get_language())) for each in first]
    return LearnerRequests(shown, len(rows), learners)


def without_any_manager(asked: QuerySet[ExtensionRequest], user) -> dict[int, int]:
    """Return request id → learner id of requests by people whom `user` (HR) may manage and who have no manager."""
    of_people = asked.filter(enrollment__learner__in=people_manageable_by(user).values("pk")).order_by("pk")
    found: dict[int, int] = {}
    last = 0
    while rows := dict(of_people.filter(pk__gt=last).values_list("pk", "enrollment__learner")[:ASKED_AT_ONCE]):
        last = max(rows)
        with_manager = managers_of(set(rows.values()))
        found |= {key: learner for key, learner in rows.items() if learner not in with_manager}
    return found


def with_enrollments(keys: Sequence[int]) -> list[ExtensionRequest]:
    """Return the requests with these ids, oldest first, with enrollments and their time zones. Runs 2 queries."""
    requests = list(ExtensionRequest.objects.filter(pk__in=keys).order_by("pk"))
    enrollments = Enrollment.objects.filter(pk__in=[each.enrollment_id for each in requests]).with_zone()
    found = enrollments.select_related("learner", "course__current").defer("course__current__outlines").in_bulk()
    for each in requests:
        each.enrollment = found[each.enrollment_id]
    return requests


def questions_asked(managed: QuerySet) -> Asked:
    """Return open questions of the people `managed` (ids), whether or not the manager may decide about them."""
    waiting = ManagerQuestion.objects.filter(answered_at=None, enrollment__course__current__isnull=False)
    waiting = waiting.filter(enrollment__learner__in=managed, enrollment__learner__is_active=True)
    shown = list(waiting.select_related("enrollment__learner").order_by("pk")[: SHOWN + 1])
    return Asked(shown[:SHOWN], waiting.count() if len(shown) > SHOWN else len(shown))
