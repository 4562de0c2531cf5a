"""Permissions about people: who may see and change whose records, for pages, exports and commands."""

import zoneinfo
from datetime import date, datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from courseware.accounts.models import Membership, Team, User, with_subteams
from courseware.accounts.permissions import roles
from courseware.accounts.permissions.conflicts_of_interest import people_in_conflict_with
from courseware.lib.dates import site_day
from courseware.lib.db.compiled_query import CompiledQuery


def is_privileged(user):
    # A superuser sees everybody's records also where the admin is closed to them.
    return user.is_staff or user.is_superuser


def handles_people(user):
    """Whether `user` adds, moves and enrolls people: HR and superusers."""
    return user.is_active and (user.is_superuser or roles.is_in(roles.HR, user))


def audits(user):
    """Whether `user` is an auditor today. Runs a query only if the user has a last day as an auditor."""
    until = user.audits_until
    return until is not None and site_day() <= until and roles.is_in(roles.AUDITORS, user)


def sees_whole_company(user):
    return handles_people(user) or audits(user)


def may_read_log(user):
    return user.is_superuser or audits(user)


def may_handle(user, person):
    return user.is_superuser or not is_for_admins(person)


def is_for_admins(person):
    """Staff and auditors can be changed by administrators only: their address would be a way to see more."""
    audits_still = person.audits_until is not None and site_day() <= person.audits_until
    return is_privileged(person) or audits_still


def is_no_staff(person=""):
    """Condition on people, or on related rows: `person` is then the lookup prefix, such as "learner__"."""
    return Q(**{f"{person}is_staff": False, f"{person}is_superuser": False})


def is_not_for_admins(person=""):
    """The negation of `is_for_admins` as a condition like `is_no_staff`."""
    audits_no_more = Q(**{f"{person}audits_until": None}) | Q(**{f"{person}audits_until__lt": site_day()})
    return is_no_staff(person) & audits_no_more


def not_decided_by(user):
    """Keys of `user` and of people in a conflict of interest: checked by every action that changes somebody."""
    return {user.pk, *people_in_conflict_with(user)}


def may_decide_about(user, person):
    return person.pk not in not_decided_by(user)


def may_change_membership(user, person):
    return may_handle(user, person) and may_decide_about(user, person)


def may_change_sign_in(user, person):
    """Whether `user`, who handles people, may change how `person` signs in. For a member of HR only superusers may."""
    return may_change_membership(user, person) and (user.is_superuser or roles.HR not in person.offices)


def is_manager(user):
    """Whether `user` manages a team, today perhaps as a substitute."""
    return user.memberships.filter(role=Membership.Role.MANAGER).exists() or bool(teams_stood_in_for(user))


def manages_people(user):
    return handles_people(user) or is_manager(user)


LED = CompiledQuery(
    lambda person: Team.objects.filter(memberships__person=person, memberships__role=Membership.Role.MANAGER).only(
        "name", "above"
    )
)


def own_teams(user):
    """Teams that `user` manages, also as a substitute, without the teams below."""
    led = LED(person=user.pk)
    others = set(teams_stood_in_for(user)).difference(team.pk for team in led)
    return [*led, *Team.objects.filter(pk__in=others).only("name", "above")] if others else led


def teams_managed_by(user):
    """Teams that `user` manages, and all teams below. Runs one query."""
    return with_subteams(own_teams(user)) if user.is_active else Team.objects.none()


def learners_of(teams):
    """Keys of the learners of these teams (a query, or keys), as a subquery."""
    return Membership.objects.filter(team__pk__in=teams, role=Membership.Role.LEARNER).values("person")


def people_in_hands_of(user):
    return people_handled_by(user).exclude(pk__in=not_decided_by(user))


def people_handled_by(user):
    """Managers: people of their own teams. HR: everybody except staff and auditors. Superusers: everybody."""
    if user.is_active and user.is_superuser:
        return User.objects.all()
    people = Q(pk__in=people_managed_by(user))
    if handles_people(user):
        people |= is_not_for_admins()
    return User.objects.filter(people)


def people_visible_to(user):
    """People whose records `user` may see, learners or not; like `visible_to` of enrollments."""
    if user.is_active and (user.is_superuser or audits(user)):
        return User.objects.all()
    people = Q(pk__in=people_managed_by(user))
    if handles_people(user):
        people |= is_no_staff()
    return User.objects.filter(people)


def sees_reports(user):
    return sees_whole_company(user) or is_manager(user)


def may_preview(user):
    """Whether `user` may see every released course, and statistics about it, without an enrollment."""
    return user.is_staff or sees_reports(user)


def people_managed_by(user):
    return people_led(teams_managed_by(user), leader=user.pk)


def people_led(teams, leader):
    """Keys of the learners of these teams without `leader`, as a subquery."""
    return learners_of(teams).exclude(person=leader)


def is_stood_in_for(lead: int, day: date, pairs: list) -> bool:
    return any(each.lead_id == lead and each.first_day <= day <= each.last_day for each in pairs)


def teams_stood_in_for(user: User, at: datetime | None = None) -> list[int]:
    """Keys. Runs one query the first time for this `user`, and one more for substitutes."""
    pairs = [each for each in user.substitutes if each.person_id == user.pk and each.lead.is_active]
    if not pairs:
        return []
    led = Membership.objects.filter(person__in=[each.lead_id for each in pairs], role=Membership.Role.MANAGER)
    found = set()
    for lead, team, zone in led.values_list("person", "team", "team__time_zone"):
        today = timezone.localdate(at, zoneinfo.ZoneInfo(zone or settings.TIME_ZONE))
        if is_stood_in_for(lead, today, pairs):
            found.add(team)
    return sorted(found)
