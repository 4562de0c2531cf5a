"""Nightly update of the group statistics: counts people in steps of 5, each once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, time
from operator import attrgetter
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team, User
from courseware.content.models import Course
from courseware.content.rendering.store import Outline, outline
from courseware.jobs.schedule import Daily, schedule
from courseware.lib.dates import site_day
from courseware.lib.db.chunks import batches
from courseware.lib.disclosure import STEP, counts_from
from courseware.reporting.dashboard.rows import teams_joined
from courseware.reporting.statistics.course_outcomes import gains_counted
from courseware.reporting.statistics.group_statistics import NO_TEAM, Counted, GroupStatistic, StatisticsTeam, Subject
from courseware.reporting.statistics.missed_objectives import objectives_counted
from courseware.reporting.statistics.questions import answers_counted
from courseware.reporting.statistics.retention import retention_counted
from courseware.reporting.statistics.simulations import attempts_counted

CLIMBS_AFTER = 14  # days until a person may also count for the next team above
AT_ONCE = 500  # people per query


class Waiting(NamedTuple):
    """A person ready to be counted, of `team` (id). `above`: ids of teams that may count now, nearest first."""

    person: Counted
    team: int
    above: list[int]


def register() -> None:
    """Schedule the nightly job."""
    words = _("Update the statistics for groups of at least 5 people")
    schedule("update-statistics", words, update_statistics, Daily(time(0, 30)))


def update_statistics(today: date | None = None) -> str:
    """Update all statistics; return how many grew as text for the job log. A second run on a day changes nothing."""
    today = today or site_day()
    ancestors, grown = lines_of_teams(), 0
    courses = Course.objects.exclude(current=None).select_related("current").order_by("pk")
    outlines = [(each, outline(each.current, each.source_language)) for each in courses if each.current]
    for course, course_outline in outlines:
        known = dict(StatisticsTeam.objects.filter(course=course).values_list("learner", "team"))
        since: dict[int, date] = {}
        for subject, people in counted_in(course, course_outline):
            learners = {each.learner for each in people}
            assign_teams(course, learners - known.keys(), known)
            look_up_counts_from(learners - since.keys(), since)
            people = [each._replace(day=max(each.day, since[each.learner])) for each in people]
            grown += count_in(course, subject, people, known, ancestors, today)
    return f"figures: {grown}" if grown else ""


def counted_in(course: Course, course_outline: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Yield (subject, all people who answered, also before their `day`), each subject once, in a stable order."""
    yield from answers_counted(course)
    yield from attempts_counted(course)
    yield from objectives_counted(course, course_outline)
    yield from gains_counted(course, course_outline)
    yield from retention_counted(course)


def lines_of_teams() -> dict[int, list[int]]:
    """Return team id or NO_TEAM → ids of the team, all teams above and NO_TEAM, nearest first. Runs 1 query."""
    rows = Team.objects.order_by().values_list("pk", "ancestors")
    lines = {key: [key, *(int(each) for each in reversed(above.split("/")) if each), NO_TEAM] for key, above in rows}
    return lines | {NO_TEAM: [NO_TEAM]}


def assign_teams(course: Course, people: Collection[int], known: dict[int, int]) -> None:
    """Store the team that each of `people` (ids) counts with in the course: the first joined, or NO_TEAM. A stored team
    stays. Adds person id → stored team id to `known`.
    """
    for batch in batches(sorted(people), AT_ONCE):
        teams = {learner: joined[0][0] if joined else NO_TEAM for learner, joined in teams_joined(batch).items()}
        rows = [StatisticsTeam(learner_id=learner, course=course, team=team) for learner, team in teams.items()]
        StatisticsTeam.objects.bulk_create(rows, ignore_conflicts=True)
        # Read again: a row that another worker wrote meanwhile wins.
        known.update(StatisticsTeam.objects.filter(course=course, learner__in=batch).values_list("learner", "team"))


def look_up_counts_from(people: Collection[int], since: dict[int, date]) -> None:
    """Add person id → day from which the person counts (`lib.disclosure.counts_from`) to `since`."""
    for batch in batches(sorted(people), AT_ONCE):
        rows = User.objects.filter(pk__in=batch)
        for learner, joined_at, listed_on in rows.values_list("pk", "joined_at", "listed_on"):
            since[learner] = counts_from(site_day(joined_at), listed_on)


def grouped_by_team(waiting):
    """Return team id → those of `waiting` (`Waiting`) whom the team may count now."""
    by_team = defaultdict(list)
    for each in waiting:
        for team in each.above:
            by_team[team].append(each)
    return by_team


@transaction.atomic
def count_in(
    course: Course,
    subject: Subject,
    people: Iterable[Counted],
    known: Mapping[int, int],
    ancestors: Mapping[int, list[int]],
    today: date,
) -> int:
    """Count waiting people into the statistics of a subject, once a day per team; return how many statistics grew.
    `people`: all of the subject, also those counted before; `known`, `ancestors`: see `waiting_in`.
    """
    # A second worker waits here and then finds the work done.
    Course.objects.select_for_update(no_key=True).filter(pk=course.pk).first()
    of_subject = {"course": course, "name": subject.name, "shape": subject.digest}
    stored = {each.team: each for each in GroupStatistic.objects.select_for_update(no_key=True).filter(**of_subject)}
    statistics = defaultdict(GroupStatistic, stored)
    taken = Counter({team: each.taken for team, each in stored.items()})
    by_team = grouped_by_team(waiting_in(people, known, taken, ancestors, today))
    grown: set[int] = set()
    done: set[int] = set()
    for team in from_below(by_team, ancestors):
        here = [each for each in by_team[team] if each.person.learner not in done]
        if statistics[team].counted_on != today and (counted := here[: len(here) - len(here) % STEP]):
            add_to(statistics[team], counted, today)
            grown.add(team)
            done.update(each.person.learner for each in counted)
            taken.update(each.team for each in counted)
    changed = sorted(grown | {team for team, number in taken.items() if number != statistics[team].taken})
    for team in changed:
        statistics[team].team, statistics[team].taken = team, taken[team]
    write([statistics[team] for team in changed], of_subject)
    return len(grown)


def waiting_in(
    people: Iterable[Counted],
    known: Mapping[int, int],
    taken: Mapping[int, int],
    ancestors: Mapping[int, list[int]],
    today: date,
) -> list[Waiting]:
    """Return people whose `day` has come, except the counted ones, by `day`. `known`: learner id → team id; `taken`:
    team id → number of its people counted, the earliest by `day`; `ancestors`: of `lines_of_teams`.
    """
    left, waiting = Counter(taken), []
    for person in sorted(people, key=attrgetter("day")):
        team = known[person.learner]
        if left[team]:
            left[team] -= 1
        elif person.day <= today:
            levels = 1 + (today - person.day).days // CLIMBS_AFTER
            waiting.append(Waiting(person, team, ancestors.get(team, [team, NO_TEAM])[:levels]))
    return waiting


def from_below(teams: Iterable[int], ancestors: Mapping[int, list[int]]) -> list[int]:
    """Return the team ids, deepest first, NO_TEAM last. `ancestors`: from `lines_of_teams`."""
    return sorted(teams, key=lambda team: (team == NO_TEAM, -len(ancestors.get(team, ())), team))


def add_to(statistic: GroupStatistic, counted: Collection[Waiting], today: date) -> None:
    """Add the numbers of `counted` to the statistic and set its date, without saving it."""
    numbers = Counter(statistic.numbers)
    for each in counted:
        numbers.update(each.person.numbers)
    statistic.people, statistic.numbers, statistic.counted_on = statistic.people + len(counted), dict(numbers), today


def write(statistics: Iterable[GroupStatistic], of_subject: Mapping[str, object]) -> None:
    """Save a list of statistics. `of_subject`: field name → value (course, name, shape) to set on new ones."""
    new = [each for each in statistics if each.pk is None]
    for each in new:
        for name, value in of_subject.items():
            setattr(each, name, value)
    GroupStatistic.objects.bulk_create(new)
    old = [each for each in statistics if each.pk is not None]
    GroupStatistic.objects.bulk_update(old, ["people", "numbers", "counted_on", "taken"], batch_size=AT_ONCE)
