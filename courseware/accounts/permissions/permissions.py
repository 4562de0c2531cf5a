"""Permissions about people: which users may see and change which records."""

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
    """Return whether `user` is staff (can open the admin) or a superuser."""
    return user.is_staff or user.is_superuser


def handles_people(user):
    """Return whether `user` is active, and in HR or a superuser: may add, move and enroll people."""
    return user.is_active and (user.is_superuser or roles.has_role(roles.HR, user))


def audits(user):
    """Return whether `user` is active and today an auditor. No query if `user` never had a last day as an auditor."""
    until = user.audits_until
    return until is not None and site_day() <= until and roles.has_role(roles.AUDITORS, user)


def sees_whole_company(user):
    """Return whether `user` may see people of all teams: HR, superusers and today's auditors. HR does not see staff."""
    return handles_people(user) or audits(user)


def may_read_log(user):
    """Return whether `user` may read the audit log: superusers and today's auditors."""
    return user.is_superuser or audits(user)


def may_handle(user, person):
    """Return whether `user`, in HR or a superuser (not checked), may change `person`: HR unless `is_for_admins`."""
    return user.is_superuser or not is_for_admins(person)


def is_for_admins(person):
    """Return whether only superusers may change `person`: staff, superusers, people with `audits_until` not past."""
    is_auditor = person.audits_until is not None and site_day() <= person.audits_until
    return is_privileged(person) or is_auditor


def is_no_staff(person=""):
    """Return a `Q`: the person is neither staff nor superuser. `person`: lookup from a row, as "learner__", or ""."""
    return Q(**{f"{person}is_staff": False, f"{person}is_superuser": False})


def is_not_for_admins(person=""):
    """Return a `Q`: `is_for_admins` is False for the person. `person`: lookup prefix, as in `is_no_staff`."""
    is_no_auditor = Q(**{f"{person}audits_until": None}) | Q(**{f"{person}audits_until__lt": site_day()})
    return is_no_staff(person) & is_no_auditor


def undecidable_ids(user):
    """Return the set of ids of `user` and of `people_in_conflict_with(user)`: `user` cannot decide about them."""
    return {user.pk, *people_in_conflict_with(user)}


def may_decide_about(user, person):
    """Return False for `user` and for people in a conflict of interest with `user`, else True."""
    return person.pk not in undecidable_ids(user)


def may_change_membership(user, person):
    """Return whether `user` may change teams and data of `person`. Only call it if `handles_people(user)`."""
    return may_handle(user, person) and may_decide_about(user, person)


def may_change_sign_in(user, person):
    """Return `may_change_membership`; a person in HR needs a superuser. Only call it if `handles_people(user)`."""
    return may_change_membership(user, person) and (user.is_superuser or roles.HR not in person.offices)


def is_manager(user):
    """Return whether `user`, active or not, manages a team, or is today's deputy of a manager."""
    return user.memberships.filter(role=Membership.Role.MANAGER).exists() or bool(teams_covered_by(user))


def manages_people(user):
    """Return whether `user` is in HR, a superuser, a manager or a current deputy."""
    return handles_people(user) or is_manager(user)


LED = CompiledQuery(
    lambda person: Team.objects.filter(memberships__person=person, memberships__role=Membership.Role.MANAGER).only(
        "name", "ancestors"
    )
)


def own_teams(user):
    """Return a list of teams that `user` manages, also as deputy, without teams below. Loads `name` and `ancestors`."""
    managed = LED(person=user.pk)
    covered = set(teams_covered_by(user)).difference(team.pk for team in managed)
    return [*managed, *Team.objects.filter(pk__in=covered).only("name", "ancestors")] if covered else managed


def teams_managed_by(user):
    """Return a queryset of teams that `user` manages, also as a deputy, and all teams below; none if inactive."""
    return with_subteams(own_teams(user)) if user.is_active else Team.objects.none()


def learners_of(teams):
    """Return a subquery of person ids: learners, active or not, of `teams` (queryset or ids), not of teams below."""
    return Membership.objects.filter(team__pk__in=teams, role=Membership.Role.LEARNER).values("person")


def people_manageable_by(user):
    """Return the queryset `people_handled_by(user)` without `user` and people in a conflict of interest."""
    return people_handled_by(user).exclude(pk__in=undecidable_ids(user))


def people_handled_by(user):
    """Return a queryset of people, active or not: for superusers all; for others the learners that `user` manages, and
    for HR also everybody who is not `is_for_admins`.
    """
    if user.is_active and user.is_superuser:
        return User.objects.all()
    people = Q(pk__in=people_managed_by(user))
    if handles_people(user):
        people |= is_not_for_admins()
    return User.objects.filter(people)


def people_visible_to(user):
    """Return a queryset of people, active or not: for auditors and superusers all; for others the learners that `user`
    manages, and for HR also everybody but staff and superusers.
    """
    if user.is_active and (user.is_superuser or audits(user)):
        return User.objects.all()
    people = Q(pk__in=people_managed_by(user))
    if handles_people(user):
        people |= is_no_staff()
    return User.objects.filter(people)


def sees_reports(user):
    """Return whether `user` may see reports: HR, auditors, superusers, managers and current deputies."""
    return sees_whole_company(user) or is_manager(user)


def may_preview(user):
    """Return whether `user` may see released courses and their statistics without an enrollment."""
    return user.is_staff or sees_reports(user)


def people_managed_by(user):
    """Return a subquery of person ids: learners, without `user`, in `teams_managed_by(user)`."""
    return learners_except(teams_managed_by(user), leader=user.pk)


def learners_except(teams, leader):
    """Return `learners_of(teams)` without the person with the id `leader`: a subquery of person ids."""
    return learners_of(teams).exclude(person=leader)


def is_covered(manager_id: int, day: date, deputies: list) -> bool:
    """Return whether one of `deputies` (`Deputy` rows that were not ended) covers for the manager (id) on `day`."""
    return any(each.manager_id == manager_id and each.first_day <= day <= each.last_day for each in deputies)


def teams_covered_by(user: User, at: datetime | None = None) -> list[int]:
    """Return ids of teams that `user` manages as a deputy on the team's local date at `at` (not past; default: now)."""
    deputies = [each for each in user.deputies if each.person_id == user.pk and each.manager.is_active]
    if not deputies:
        return []
    managed = Membership.objects.filter(person__in=[each.manager_id for each in deputies], role=Membership.Role.MANAGER)
    team_ids = set()
    for manager_id, team_id, zone in managed.values_list("person", "team", "team__time_zone"):
        today = timezone.localdate(at, zoneinfo.ZoneInfo(zone or settings.TIME_ZONE))
        if is_covered(manager_id, today, deputies):
            team_ids.add(team_id)
    return sorted(team_ids)
