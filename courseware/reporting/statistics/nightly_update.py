"""The nightly job that counts people into the statistics of groups, five at a time, each once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from django.db import transaction

from courseware.accounts.models import Team, User
from courseware.content.models import Course
from courseware.content.rendering.store import Outline, outline
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

CLIMBS_AFTER = 14  # days, for each level
AT_ONCE = 500  # people looked up together


class Waiting(NamedTuple):
    """A person ready to be counted; `above`: the person's team and those above it that may count the person now."""

    person: Counted
    team: int
    above: list[int]


def update_statistics(today: date | None = None) -> str:
    """Returns how many statistics have grown, as text. A second run on a day changes nothing."""
    today = today or site_day()
    lines, grown = lines_of_teams(), 0
    courses = Course.objects.exclude(current=None).select_related("current").order_by("pk")
    routes = [(each, outline(each.current, each.source_language)) for each in courses if each.current]
    for course, route in routes:
        known = dict(StatisticsTeam.objects.filter(course=course).values_list("learner", "team"))
        since: dict[int, date] = {}
        for subject, people in counted_in(course, route):
            learners = {each.learner for each in people}
            place(course, learners - known.keys(), known)
            look_up_counts_from(learners - since.keys(), since)
            people = [each._replace(day=max(each.day, since[each.learner])) for each in people]
            grown += count_in(course, subject, people, known, lines, today)
    return f"figures: {grown}" if grown else ""


def counted_in(course: Course, route: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Each subject with all people who answered, in order, ready or not."""
    yield from answers_counted(course)
    yield from attempts_counted(course)
    yield from objectives_counted(course, route)
    yield from gains_counted(course, route)
    yield from retention_counted(course)


def lines_of_teams() -> dict[int, list[int]]:
    """Key of a team → it, those above it and NO_TEAM, the nearest first. Runs one query."""
    places = Team.objects.order_by().values_list("pk", "above")
    lines = {key: [key, *(int(each) for each in reversed(above.split("/")) if each), NO_TEAM] for key, above in places}
    return lines | {NO_TEAM: [NO_TEAM]}


def place(course: Course, people: Collection[int], known: dict[int, int]) -> None:
    """Store the team each of these people is counted with: the one joined first as a learner."""
    for some in batches(sorted(people), AT_ONCE):
        teams = {learner: joined[0][0] if joined else NO_TEAM for learner, joined in teams_joined(some).items()}
        rows = [StatisticsTeam(learner_id=learner, course=course, team=team) for learner, team in teams.items()]
        StatisticsTeam.objects.bulk_create(rows, ignore_conflicts=True)
        # A row written by another worker meanwhile stays.
        known.update(StatisticsTeam.objects.filter(course=course, learner__in=some).values_list("learner", "team"))


def look_up_counts_from(people: Collection[int], since: dict[int, date]) -> None:
    """Add to `since` the day from which these people count (`lib.disclosure.counts_from`)."""
    for some in batches(sorted(people), AT_ONCE):
        rows = User.objects.filter(pk__in=some)
        for learner, joined_at, listed_on in rows.values_list("pk", "joined_at", "listed_on"):
            since[learner] = counts_from(site_day(joined_at), listed_on)


def grouped_by_team(waiting):
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
    lines: Mapping[int, list[int]],
    today: date,
) -> int:
    """Count waiting people into the statistics of a subject, one step a day each; returns how many have grown."""
    # A second worker in the same night waits here and finds the work done.
    Course.objects.select_for_update(no_key=True).filter(pk=course.pk).first()
    of_subject = {"course": course, "name": subject.name, "shape": subject.digest}
    kept = {each.team: each for each in GroupStatistic.objects.select_for_update(no_key=True).filter(**of_subject)}
    figures = defaultdict(GroupStatistic, kept)
    taken = Counter({team: each.taken for team, each in kept.items()})
    by_team = grouped_by_team(waiting_in(people, known, taken, lines, today))
    grown: set[int] = set()
    done: set[int] = set()
    for team in from_below(by_team, lines):
        here = [each for each in by_team[team] if each.person.learner not in done]
        if figures[team].counted_on != today and (counted := here[: len(here) - len(here) % STEP]):
            add_to(figures[team], counted, today)
            grown.add(team)
            done.update(each.person.learner for each in counted)
            taken.update(each.team for each in counted)
    changed = sorted(grown | {team for team, number in taken.items() if number != figures[team].taken})
    for team in changed:
        figures[team].team, figures[team].taken = team, taken[team]
    write([figures[team] for team in changed], of_subject)
    return len(grown)


def waiting_in(
    people: Iterable[Counted],
    known: Mapping[int, int],
    taken: Mapping[int, int],
    lines: Mapping[int, list[int]],
    today: date,
) -> list[Waiting]:
    """People who are ready and not yet counted, the longest ready first; the first `taken` of each team were."""
    left, waiting = Counter(taken), []
    for person in sorted(people, key=attrgetter("day")):
        team = known[person.learner]
        if left[team]:
            left[team] -= 1
        elif person.day <= today:
            levels = 1 + (today - person.day).days // CLIMBS_AFTER
            waiting.append(Waiting(person, team, lines.get(team, [team, NO_TEAM])[:levels]))
    return waiting


def from_below(teams: Iterable[int], lines: Mapping[int, list[int]]) -> list[int]:
    """The deepest teams first, NO_TEAM last."""
    return sorted(teams, key=lambda team: (team == NO_TEAM, -len(lines.get(team, ())), team))


def add_to(figure: GroupStatistic, counted: Collection[Waiting], today: date) -> None:
    numbers = Counter(figure.numbers)
    for each in counted:
        numbers.update(each.person.numbers)
    figure.people, figure.numbers, figure.counted_on = figure.people + len(counted), dict(numbers), today


def write(figures: Iterable[GroupStatistic], of_subject: Mapping[str, object]) -> None:
    new = [each for each in figures if each.pk is None]
    for each in new:
        for name, value in of_subject.items():
            setattr(each, name, value)
    GroupStatistic.objects.bulk_create(new)
    old = [each for each in figures if each.pk is not None]
    GroupStatistic.objects.bulk_update(old, ["people", "numbers", "counted_on", "taken"], batch_size=AT_ONCE)
