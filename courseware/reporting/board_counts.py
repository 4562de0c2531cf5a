"""How many on a board stand where: of its rows, or from what is kept of a tree of teams."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Value

from courseware.accounts.models import Team
from courseware.accounts.permissions import audits, handles_people, learners_of, own_teams
from courseware.content.models import Course
from courseware.learning.headcounts import Headcount
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.tally import Tally, tally
from courseware.reporting.board_filters import DueDays


def counts_kept(
    user, team: Team | None, course: Course | None, at: datetime, days: DueDays | None = None
) -> Tally | None:
    """What `counts` says of `board` without a name or leavers, from the headcounts; None where they cannot."""
    within = condition(course, days, at)
    if user.is_superuser or audits(user):
        return kept_of(team, within, at)
    if handles_people(user):
        return counts_without_staff(user, team, within, at)
    heads = [team] if team else topmost(own_teams(user))
    if len(heads) != 1:  # of teams side by side they would count twice who learns in two of them
        return None
    below = Team.objects.filter(pk=heads[0].pk).with_those_below()
    own = Enrollment.objects.newest().filter(learner__in=learners_of(below).filter(person=user))
    return counts_but(own, heads[0], within, at)  # nobody stands on the own board


def condition(course: Course | None, days: DueDays | None, at: datetime) -> Q:
    """Of what enrollments and headcounts both have."""
    within = days.condition(at) if days else Q()
    return within & Q(course=course) if course else within


def kept_of(team: Team | None, within: Q, at: datetime) -> Tally:
    return Headcount.objects.filter(within, team=team).told(at)


def counts_without_staff(user, team: Team | None, within: Q, at: datetime) -> Tally:
    staff = not_shown_to(user)
    if team:
        staff = staff.filter(learner__in=learners_of(Team.objects.filter(pk=team.pk).with_those_below()))
    return counts_but(staff, team, within, at)


def not_shown_to(user) -> EnrollmentQuerySet:
    """Of those whom the headcounts count: oneself, of who leads; staff, but who is led, of human resources."""
    if user.is_superuser or audits(user):
        return Enrollment.objects.none()
    if not handles_people(user):
        return Enrollment.objects.newest().filter(learner=user)
    staff = Enrollment.objects.newest().filter(Q(learner__is_staff=True) | Q(learner__is_superuser=True))
    staff = staff.filter(learner__is_active=True)
    return staff.exclude(pk__in=staff.visible_to(user))


def counts_but(not_shown: EnrollmentQuerySet, team: Team | None, within: Q, at: datetime) -> Tally:
    return kept_of(team, within, at) - counts(not_shown.filter(within).with_state(at), at)


def topmost(teams: Iterable[Team]) -> list[Team]:
    """Those that stand below no other one."""
    teams = list(teams)
    return [each for each in teams if not any(each.above.startswith(other.place) for other in teams)]


def counts_of_few(enrollments: EnrollmentQuerySet, most: int, at: datetime) -> Tally | None:
    """What `counts` says of these (from `board`); None where they are more than `most`. Reads no more, by one query."""
    places = list(enrollments.with_validity(at).order_by().values_list("state", "validity")[: most + 1])
    return None if len(places) > most else tally((*place, number) for place, number in Counter(places).items())


def counts(enrollments: EnrollmentQuerySet, at: datetime) -> Tally:
    """How many of these (from `board`) stand where. Runs one query."""
    return tally(numbers(enrollments, at))


def numbers(enrollments: EnrollmentQuerySet, at: datetime) -> QuerySet:
    found = enrollments.with_validity(at).order_by().values_list("state", "validity")
    return found.annotate(Count("pk"))


def people(enrollments: QuerySet) -> QuerySet:
    """A single row, whose last column is how many people these are about."""
    return enrollments.order_by().annotate(of=Value("all")).values_list("of").annotate(Count("learner", distinct=True))
