"""Whether of each sheet there are as many answers as people about whom one was answered, and those shown in fives."""

from collections.abc import Iterator

from django.db.models import Count

from courseware.assignments.observations import Observation, ObservationAnswers
from courseware.lib.disclosure import STEP


def observed() -> Iterator[str]:
    told = Observation.objects.filter(is_answered=True).order_by().values_list("sheet").annotate(Count("pk"))
    kept = ObservationAnswers.objects.order_by().values_list("sheet").annotate(Count("pk"))
    numbers, answers = dict(told), dict(kept)
    for sheet in sorted(numbers.keys() | answers.keys()):
        if numbers.get(sheet, 0) != answers.get(sheet, 0):
            yield (
                f"document {sheet}: answered about {numbers.get(sheet, 0)} people, and there are answers of "
                f"{answers.get(sheet, 0)} sheets"
            )
    early = Observation.objects.filter(enrollment__completed_at=None).order_by("pk")
    for pk in early.values_list("pk", flat=True):
        yield f"observation {pk}: of a run that is not completed"
    shown = ObservationAnswers.objects.exclude(team=None).order_by().values_list("sheet", "team", "shown_from")
    for sheet, team, day, number in shown.annotate(number=Count("pk")).order_by("sheet", "team", "shown_from"):
        if number % STEP:
            yield f"document {sheet}: {number} answers of team {team} are shown from {day} on, and not {STEP} at a time"
