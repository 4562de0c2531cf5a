"""Variant rotation in exams, practice and daily questions: first questions never seen, then those seen longest ago."""

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
    """`last`: question id → when it was last seen, as of `at`."""

    last: Mapping[str, datetime]
    at: datetime

    def turn(self, question: str) -> float:
        """Return a sort key: lower values are asked first; 0 if never seen."""
        return self.last[question].timestamp() if question in self.last else 0

    def is_new(self, question: str) -> bool:
        """Return whether the question was not seen within QUARTER."""
        return question not in self.last or self.last[question] <= self.at - QUARTER


def latest(times: Iterable[tuple[str, datetime]], at: datetime) -> SeenVariants:
    """Return the seen variants as of `at`. `times`: (question id, when it was seen), in any order."""
    last: dict[str, datetime] = {}
    for question, seen_at in times:
        last[question] = max(seen_at, last.get(question, seen_at))
    return SeenVariants(last, at)


def seen_up_to(learner: Any, course: Any, at: Any) -> QuerySet[Any, Any]:
    """Return rows (question id, last seen) of `learner` in `course` (ids) up to `at`. Attempts count when started."""

    def rows(model: Any, enrollment: str, instant: str) -> QuerySet[Any, Any]:
        own = {f"{enrollment}__learner": learner, f"{enrollment}__course": course, f"{instant}__lte": at}
        return model.objects.filter(**own).order_by().values("question").annotate(last=Max(instant))

    responses = rows(Response, "attempt__enrollment", "attempt__started_at")
    practice = rows(PracticeAnswer, "attempt__enrollment", "answered_at")
    daily = rows(DailyQuestionAnswer, "enrollment", "answered_at")
    return responses.union(practice, daily, all=True).values_list("question", "last")


MET_UP_TO = CompiledQuery(seen_up_to)


def seen_variants(enrollment: Enrollment, at: datetime) -> SeenVariants:
    """Return the questions seen up to `at` in all the learner's enrollments in the course. Runs one query."""
    return latest(MET_UP_TO(learner=enrollment.learner_id, course=enrollment.course_id, at=at), at)
