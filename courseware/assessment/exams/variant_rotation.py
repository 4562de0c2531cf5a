"""Questions that a person has met in exams, drills and as questions of the day.

All three ask first what was never met, then what was met longest ago. A question met within a quarter is not asked
while another of its family or objective is left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

from courseware.assessment.models import DailyQuestionAnswer, PracticeAnswer, Response
from courseware.learning.models import Enrollment
from courseware.lib.db.compiled_query import CompiledQuery

QUARTER = timedelta(days=91)


@dataclass(frozen=True)
class SeenVariants:
    """`last`: question id → when it was last met, as of `at`."""

    last: Mapping[str, datetime]
    at: datetime

    def turn(self, question: str) -> float:
        """Sort key: lower ones are asked first; 0 if never met."""
        return self.last[question].timestamp() if question in self.last else 0

    def is_new(self, question: str) -> bool:
        """Whether it was not met within a quarter."""
        return question not in self.last or self.last[question] <= self.at - QUARTER


def latest(times: Iterable[tuple[str, datetime]], at: datetime) -> SeenVariants:
    """Of (question id, when it was met)."""
    last: dict[str, datetime] = {}
    for question, met_at in times:
        last[question] = max(met_at, last.get(question, met_at))
    return SeenVariants(last, at)


def seen_up_to(learner: Any, course: Any, at: Any) -> QuerySet[Any, Any]:
    """(question, last met at). What an attempt draws is met when it starts."""

    def rows(model: Any, run: str, instant: str) -> QuerySet[Any, Any]:
        own = {f"{run}__learner": learner, f"{run}__course": course, f"{instant}__lte": at}
        return model.objects.filter(**own).order_by().values("question").annotate(last=Max(instant))

    responses = rows(Response, "attempt__enrollment", "attempt__started_at")
    drills = rows(PracticeAnswer, "attempt__enrollment", "answered_at")
    days = rows(DailyQuestionAnswer, "enrollment", "answered_at")
    return responses.union(drills, days, all=True).values_list("question", "last")


MET_UP_TO = CompiledQuery(seen_up_to)


def seen_variants(enrollment: Enrollment, at: datetime) -> SeenVariants:
    """In all runs of the learner through the course. Runs one query."""
    return latest(MET_UP_TO(learner=enrollment.learner_id, course=enrollment.course_id, at=at), at)
