"""Retention by team: share of people with at least 4 of their first 5 daily questions right in a quarter."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import F

from courseware.assessment.models import DailyQuestionAnswer
from courseware.content.models import Course
from courseware.lib.disclosure import shown_from
from courseware.lib.text.fractions_text import AnonymousShare
from courseware.reporting.statistics.group_statistics import Counted, GroupStatistic, Subject
from courseware.reporting.statistics.period_report import Period, first_of_quarter, latest_quarters

ASKED, RIGHT = 5, 4  # daily questions per person and quarter
QUARTERS_SHOWN = 2


@dataclass(frozen=True)
class Retention:
    """Quarters, newest first, and lines of (team name, share per quarter or None for too few people)."""

    quarters: list[Period]
    lines: list[tuple[str, list[AnonymousShare | None]]]


def subject_of_quarter(first: date) -> Subject:
    return Subject(f"retained/{first:%Y-%m}")


def retention_counted(course: Course) -> Iterator[tuple[Subject, list[Counted]]]:
    """Yield (subject of a quarter, learners with at least ASKED daily answers in it after completion, with the number
    "kept": whether at least RIGHT of the first ASKED are right). Runs 1 query.
    """
    rows = DailyQuestionAnswer.objects.filter(
        enrollment__course=course, answered_at__gt=F("enrollment__completed_at")
    ).order_by("day", "pk")
    given: dict[date, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    people: dict[date, list[Counted]] = defaultdict(list)
    for learner, day, is_right in rows.values_list("enrollment__learner", "day", "is_right"):
        quarter = first_of_quarter(day)
        answers = given[quarter][learner]
        answers.append(is_right)
        if len(answers) == ASKED:
            people[quarter].append(Counted(learner, shown_from(day), {"kept": int(sum(answers) >= RIGHT)}))
    for quarter, counted in people.items():
        yield subject_of_quarter(quarter), counted


def retention(course: int, teams: Mapping[int, str], today: date) -> Retention:
    """Return the retention in the latest QUARTERS_SHOWN quarters up to `today`, of those of `teams` with enough people.
    `course`: id; `teams`: id → name, which the caller has checked that the user may see. Runs 1 query.
    """
    quarters = latest_quarters(today)[:QUARTERS_SHOWN]
    subjects = [subject_of_quarter(each.first) for each in quarters]
    found = GroupStatistic.objects.filter(team__in=list(teams)).by_team(course, subjects)
    shares = {key: AnonymousShare(each.numbers["kept"], each.people) for key, each in found.items()}
    shown = sorted({team for _subject, team in shares}, key=lambda team: (teams[team], team))
    lines = [(teams[team], [shares.get((subject, team)) for subject in subjects]) for team in shown]
    return Retention(quarters, lines)
