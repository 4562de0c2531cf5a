"""Update headcounts when memberships, teams or people change, and recount them every night."""

from collections import Counter
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Sum

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.permissions.permissions import learners_of
from courseware.accounts.teams.memberships import lock_memberships_exclusive
from courseware.learning.models import Enrollment
from courseware.learning.status.headcounts import WHOLE_COMPANY, Headcount, HeadcountKey, teams_counting, write


def key_counts(enrollments: QuerySet) -> QuerySet:
    """Return rows (columns of HeadcountKey, number) of those in `enrollments` that are the newest."""
    has_started = ExpressionWrapper(Q(started_at__isnull=False), BooleanField())
    newest = enrollments.filter(is_newest=True).order_by().annotate(has_started=has_started)
    return newest.values_list(*HeadcountKey._fields).annotate(number=Count("pk"))


def missing(team_id: int | None) -> Counter[HeadcountKey]:
    """Return key → number to add to the stored headcounts of a team; may be negative. Runs one query."""
    enrollments = Enrollment.objects.filter(learner__is_active=True)
    if team_id is not WHOLE_COMPANY:
        teams = Team.objects.filter(pk=team_id).with_subteams()
        enrollments = enrollments.filter(learner__in=learners_of(teams))
    stored = Headcount.objects.filter(team=team_id).order_by().values_list(*HeadcountKey._fields)
    numbers: Counter[HeadcountKey] = Counter()
    for *columns, number in key_counts(enrollments).union(stored.annotate(number=-Sum("number")), all=True):
        numbers[place_of(columns)] += number
    return Counter({key: number for key, number in numbers.items() if number})


def place_of(columns: Iterable) -> HeadcountKey:
    key = HeadcountKey(*columns)
    return key._replace(has_started=bool(key.has_started))  # SQLite returns numbers from a union


@transaction.atomic
def recount(team_ids: Collection[int | None]) -> None:
    """Correct the headcounts of teams (ids or WHOLE_COMPANY) from the enrollments. Concurrent changes add own rows."""
    for team_id in team_ids:
        write(Counter({(team_id, key): number for key, number in missing(team_id).items()}))


def all_team_ids() -> list[int | None]:
    """Return WHOLE_COMPANY and the ids of all teams."""
    return [WHOLE_COMPANY, *Team.objects.order_by("pk").values_list("pk", flat=True)]


def compact_headcounts() -> str:
    """Correct all headcounts and keep one row per team and key. Return the row counts as text. Repeatable."""
    before = Headcount.objects.count()
    Headcount.objects.filter(~Exists(Team.objects.filter(pk=OuterRef("team"))), team__isnull=False).delete()
    for team_id in all_team_ids():
        with transaction.atomic():
            recount([team_id])  # an enrollment started while a team was moved may be counted in its former ancestors
            rows = list(Headcount.objects.select_for_update(no_key=True).filter(team=team_id))
            numbers: Counter[tuple[int | None, HeadcountKey]] = Counter()
            for row in rows:
                numbers[team_id, HeadcountKey(*(getattr(row, column) for column in HeadcountKey._fields))] += row.number
            if len(rows) > len(numbers) or not all(numbers.values()):
                Headcount.objects.filter(pk__in=[row.pk for row in rows]).delete()
                write(numbers)
    return f"{before} → {Headcount.objects.count()}"


# Receivers for signals of `accounts`: memberships, ancestors of teams, and people who leave or return decide which
# teams count a person.


def note_reach(sender, instance, origin=None, **kwargs):
    # In the admin, a membership can be given to another person.
    person_ids = {instance.person_id, *Membership.objects.filter(pk=instance.pk).values_list("person", flat=True)}
    change = changed_by(instance, origin)
    lock_memberships_exclusive(
        person_ids if hasattr(change, "reach_before") else person_ids | people_losing_memberships(origin)
    )
    found = teams_counting(person_ids)
    change.reach_before = getattr(change, "reach_before", {}) | {person: found[person] for person in person_ids}


def count_reach(sender, instance, origin=None, raw=False, **kwargs):
    if raw:  # a fixture contains its headcounts
        return
    noted = vars(changed_by(instance, origin)).pop("reach_before", {})
    found = teams_counting(noted)
    for person, before in noted.items():
        if before != found[person]:
            move(person, before, found[person])


def note_leaving(sender, instance, update_fields=None, **kwargs):
    if instance._state.adding or (update_fields is not None and "is_active" not in update_fields):
        return
    if User.objects.filter(pk=instance.pk).exclude(is_active=instance.is_active).exists():
        lock_memberships_exclusive([instance.pk])
        instance.reach_before = teams_counting([instance.pk])[instance.pk]


def count_leaving(sender, instance, raw=False, **kwargs):
    before = vars(instance).pop("reach_before", None)
    if before is not None and not raw:
        move(instance.pk, before, teams_counting([instance.pk])[instance.pk])


def changed_by(instance, origin):
    """Return the object to hold noted values: `origin`, which memberships deleted together share, else `instance`."""
    return instance if origin is None else origin


def people_losing_memberships(origin) -> set[int]:
    """Return ids of people whose memberships are deleted with `origin`, the object or queryset to delete or None."""
    if isinstance(origin, Team):
        return set(origin.memberships.values_list("person", flat=True))
    if isinstance(origin, QuerySet) and origin.model is Membership:
        return set(origin.values_list("person", flat=True))
    return set()


def move(person_id: int, before: set[int | None], after: set[int | None]) -> None:
    """Move a person's headcounts from the teams `before` to the teams `after` (ids or WHOLE_COMPANY)."""
    rows = list(key_counts(Enrollment.objects.filter(learner=person_id)))
    changes = [*((team, 1) for team in after - before), *((team, -1) for team in before - after)]
    write(
        Counter({(team, HeadcountKey(*columns)): sign * number for team, sign in changes for *columns, number in rows})
    )


def note_headcount_key(sender, instance, **kwargs):
    instance.ancestors_before = Team.objects.filter(pk=instance.pk).values_list("ancestors", flat=True).first()


def recount_ancestors(sender, instance, created, raw=False, **kwargs):
    if not created and not raw and instance.ancestors != instance.ancestors_before:
        team_ids = [
            set(map(int, filter(None, path.split("/")))) for path in (instance.ancestors, instance.ancestors_before)
        ]
        recount(sorted(team_ids[0] ^ team_ids[1]))


def forget_team(sender, instance, **kwargs):
    Headcount.objects.filter(team=instance.pk).delete()  # inserted while its memberships were deleted
