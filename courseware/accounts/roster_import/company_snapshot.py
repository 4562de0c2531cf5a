"""Snapshot of the people and teams of the company, to be compared with a list."""

import difflib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from courseware.accounts.models import AccountMerge, Membership, Team, User
from courseware.accounts.permissions.permissions import is_for_admins
from courseware.accounts.permissions.roles import HR
from courseware.accounts.roster_import.columns import folded

NAMES_COMPARED = 200  # unknown names, each with all teams


@dataclass(frozen=True, slots=True)
class Known:
    pk: int
    staff_number: str | None
    email: str | None
    name: str
    language: str
    job_role: str
    starts_on: date | None
    leaves_on: date | None
    is_active: bool
    is_for_admins: bool
    is_in_hr: bool = False
    is_listed: bool = False


@dataclass
class CompanySnapshot:
    people: dict[int, Known] = field(default_factory=dict)
    by_number: dict[str, Known] = field(default_factory=dict)
    by_email: dict[str, Known] = field(default_factory=dict)
    other_names: set[str] = field(default_factory=set)  # numbers and addresses of merged accounts
    places: dict[tuple[int, str], set[int]] = field(default_factory=lambda: defaultdict(set))  # (person, role) → teams
    paths: dict[int, str] = field(default_factory=dict)  # team → path of its names
    teams: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # the end of a path → teams
    leads: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # team → people
    near: dict[str, int | None] = field(default_factory=dict)  # cache of `nearest`

    def managers_of(self, team: int) -> set[int]:
        """Return the ids of the active managers of the team (id)."""
        return {pk for pk in self.leads[team] if self.people[pk].is_active}

    def add_team(self, key: int, names: list[str]) -> None:
        """Add a team with the id `key`. `names`: of the teams above, topmost first, then its own."""
        self.paths[key] = "/".join(names)
        for start in range(len(names)):
            self.teams[folded("/".join(names[start:]))].add(key)

    def teams_named(self, path: str) -> set[int]:
        """Return the ids of teams whose path is `path` or ends with it, in any case and width."""
        return self.teams.get(folded(path), set())

    def nearest(self, path: str) -> int | None:
        """Return the id of the team whose path or end of it is most similar to `path`, or None; None for new paths
        after NAMES_COMPARED different ones.
        """
        path = folded(path)
        if path not in self.near and len(self.near) < NAMES_COMPARED:
            found = difflib.get_close_matches(path, [ends for ends in self.teams if len(self.teams[ends]) == 1], 1)
            self.near[path] = next(iter(self.teams[found[0]])) if found else None
        return self.near.get(path)


FIELDS = ("pk", "staff_number", "email", "name", "language", "job_role", "starts_on", "leaves_on", "is_active")


def load_company() -> CompanySnapshot:
    """Return the snapshot. Runs five queries; needs some hundred bytes a person."""
    company = CompanySnapshot()
    in_hr = set(User.objects.filter(groups__name=HR).order_by().values_list("pk", flat=True))
    for row in (
        User.objects.order_by("pk").only(*FIELDS, "is_staff", "is_superuser", "audits_until", "listed_on").iterator()
    ):
        fields = {name: getattr(row, name) for name in FIELDS}
        person = Known(
            **fields, is_for_admins=is_for_admins(row), is_in_hr=row.pk in in_hr, is_listed=row.listed_on is not None
        )
        company.people[person.pk] = person
        if person.staff_number:
            company.by_number[person.staff_number] = person
        if person.email:
            company.by_email[person.email] = person
    know_other_names(company)
    for key, team, role in Membership.objects.order_by("pk").values_list("person", "team", "role"):
        company.places[key, role].add(team)
        if role == Membership.Role.MANAGER:
            company.leads[team].add(key)
    load_teams(company)
    return company


def know_other_names(company: CompanySnapshot) -> None:
    """Let staff number and address of an alias identify the surviving account."""
    for kept, other in AccountMerge.objects.in_force().order_by("pk").values_list("kept", "other"):
        account = company.people[other]
        for names, name in ((company.by_number, account.staff_number), (company.by_email, account.email)):
            if name:
                names[name] = company.people[kept]
                company.other_names.add(name)


def load_teams(company: CompanySnapshot) -> None:
    teams = {
        key: (name, above) for key, name, above in Team.objects.order_by("pk").values_list("pk", "name", "ancestors")
    }
    for key, (name, above) in teams.items():
        names = [*(teams[int(each)][0] for each in above.split("/") if each), name]
        company.add_team(key, names)
