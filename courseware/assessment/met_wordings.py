"""What somebody has met of a course's questions, in exams, in drills and as questions of the day: the one rule by which
each of the three takes turns.

A wording (a question by its id) that was met within a quarter is not asked again while another of its family, or else
of its objective, would do as well: what was never met comes first, then what was met longest ago.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

from courseware.assessment.models import DailyAnswer, DrillAnswer, Response
from courseware.learning.models import Enrollment
from courseware.lib.kept_query import KeptQuery

QUARTER = timedelta(days=91)


@dataclass(frozen=True)
class MetWordings:
    """`last` is question id → when it was met last, as of `at`."""

    last: Mapping[str, datetime]
    at: datetime

    def turn(self, question: str) -> float:
        """The lower, the sooner it is its turn; 0 for what was never met."""
        return self.last[question].timestamp() if question in self.last else 0

    def is_new(self, question: str) -> bool:
        """Whether the quarter has not met it."""
        return question not in self.last or self.last[question] <= self.at - QUARTER


def latest(times: Iterable[tuple[str, datetime]], at: datetime) -> MetWordings:
    """Of (question id, when it was met)."""
    last: dict[str, datetime] = {}
    for question, met_at in times:
        last[question] = max(met_at, last.get(question, met_at))
    return MetWordings(last, at)


def met_up_to(learner: Any, course: Any, at: Any) -> QuerySet[Any, Any]:
    """What an attempt has drawn is met when it begins, whether it is answered or not."""

    def rows(model: Any, run: str, instant: str) -> QuerySet[Any, Any]:
        own = {f"{run}__learner": learner, f"{run}__course": course, f"{instant}__lte": at}
        return model.objects.filter(**own).order_by().values("question").annotate(last=Max(instant))

    responses = rows(Response, "attempt__enrollment", "attempt__started_at")
    drills = rows(DrillAnswer, "attempt__enrollment", "answered_at")
    days = rows(DailyAnswer, "enrollment", "answered_at")
    return responses.union(drills, days, all=True).values_list("question", "last")


MET_UP_TO = KeptQuery(met_up_to)


def met_wordings(enrollment: Enrollment, at: datetime) -> MetWordings:
    """In all runs of the learner through the course. Runs one query."""
    return latest(MET_UP_TO(learner=enrollment.learner_id, course=enrollment.course_id, at=at), at)
