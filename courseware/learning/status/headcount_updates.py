"""Headcounts after changes of teams, and recounts."""

from collections import Counter
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Sum

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import learners_of
from courseware.accounts.teams.membership_locks import change_teams_of
from courseware.learning.models import Enrollment
from courseware.learning.status.headcounts import FIRM, Headcount, HeadcountKey, reach, write


def places(enrollments: QuerySet) -> QuerySet:
    has_started = ExpressionWrapper(Q(started_at__isnull=False), BooleanField())
    newest = enrollments.filter(is_newest=True).order_by().annotate(has_started=has_started)
    return newest.values_list(*HeadcountKey._fields).annotate(number=Count("pk"))


def missing(team: int | None) -> Counter[HeadcountKey]:
    """What must be added to a team's stored headcounts. Runs one query, for one consistent view."""
    everybody = Enrollment.objects.filter(learner__is_active=True)
    if team is not FIRM:
        below = Team.objects.filter(pk=team).with_subteams()
        everybody = everybody.filter(learner__in=learners_of(below))
    kept = Headcount.objects.filter(team=team).order_by().values_list(*HeadcountKey._fields)
    numbers: Counter[HeadcountKey] = Counter()
    for *at, number in places(everybody).union(kept.annotate(number=-Sum("number")), all=True):
        numbers[place_of(at)] += number
    return Counter({place: number for place, number in numbers.items() if number})


def place_of(columns: Iterable) -> HeadcountKey:
    place = HeadcountKey(*columns)
    return place._replace(has_started=bool(place.has_started))  # in a union SQLite has numbers for it


@transaction.atomic
def recount(teams: Collection[int | None]) -> None:
    """From the enrollments. Concurrent changes count themselves."""
    for team in teams:
        write(Counter({(team, place): number for place, number in missing(team).items()}))


def everything() -> list[int | None]:
    return [FIRM, *Team.objects.order_by("pk").values_list("pk", flat=True)]


def add_up() -> str:
    """Recount, and keep one row per team and place. Repeatable if killed."""
    before = Headcount.objects.count()
    Headcount.objects.filter(~Exists(Team.objects.filter(pk=OuterRef("team"))), team__isnull=False).delete()
    for team in everything():
        with transaction.atomic():
            recount([team])  # who began in the moment in which a team was moved may stand where it was
            rows = list(Headcount.objects.select_for_update(no_key=True).filter(team=team))
            numbers: Counter[tuple[int | None, HeadcountKey]] = Counter()
            for row in rows:
                numbers[team, HeadcountKey(*(getattr(row, column) for column in HeadcountKey._fields))] += row.number
            if len(rows) > len(numbers) or not all(numbers.values()):
                Headcount.objects.filter(pk__in=[row.pk for row in rows]).delete()
                write(numbers)
    return f"{before} → {Headcount.objects.count()}"


# Signals of `accounts`: who stands on which board changes with the memberships, with the place of a team, and when
# somebody leaves the firm or comes back


def note_reach(sender, instance, origin=None, **kwargs):
    # An admin may also give a membership to somebody else.
    people = {instance.person_id, *Membership.objects.filter(pk=instance.pk).values_list("person", flat=True)}
    change = changed_by(instance, origin)
    change_teams_of(people if hasattr(change, "reach_before") else people | who_leave_with(origin))
    found = reach(people)
    change.reach_before = getattr(change, "reach_before", {}) | {person: found[person] for person in people}


def count_reach(sender, instance, origin=None, raw=False, **kwargs):
    if raw:  # rows of a fixture come with their numbers
        return
    noted = vars(changed_by(instance, origin)).pop("reach_before", {})
    found = reach(noted)
    for person, before in noted.items():
        if before != found[person]:
            move(person, before, found[person])


def note_leaving(sender, instance, update_fields=None, **kwargs):
    if instance._state.adding or (update_fields is not None and "is_active" not in update_fields):
        return
    if User.objects.filter(pk=instance.pk).exclude(is_active=instance.is_active).exists():
        change_teams_of([instance.pk])
        instance.reach_before = reach([instance.pk])[instance.pk]


def count_leaving(sender, instance, raw=False, **kwargs):
    before = vars(instance).pop("reach_before", None)
    if before is not None and not raw:
        move(instance.pk, before, reach([instance.pk])[instance.pk])


def changed_by(instance, origin):
    """The owner of noted values: memberships deleted together share one, so that nobody counts twice."""
    return instance if origin is None else origin


def who_leave_with(origin) -> set[int]:
    if isinstance(origin, Team):
        return set(origin.memberships.values_list("person", flat=True))
    if isinstance(origin, QuerySet) and origin.model is Membership:
        return set(origin.values_list("person", flat=True))
    return set()


def move(person: int, before: set[int | None], after: set[int | None]) -> None:
    stands_at = list(places(Enrollment.objects.filter(learner=person)))
    changes = [*((team, 1) for team in after - before), *((team, -1) for team in before - after)]
    write(Counter({(team, HeadcountKey(*at)): sign * number for team, sign in changes for *at, number in stands_at}))


def note_headcount_key(sender, instance, **kwargs):
    instance.above_before = Team.objects.filter(pk=instance.pk).values_list("above", flat=True).first()


def recount_ancestors(sender, instance, created, raw=False, **kwargs):
    if not created and not raw and instance.above != instance.above_before:
        above = [set(map(int, filter(None, place.split("/")))) for place in (instance.above, instance.above_before)]
        recount(sorted(above[0] ^ above[1]))


def forget_team(sender, instance, **kwargs):
    Headcount.objects.filter(team=instance.pk).delete()  # written while its memberships went
