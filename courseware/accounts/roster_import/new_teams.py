"""New teams: create the teams that a list names and that do not exist, if its approver chooses so."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from django.contrib.auth.models import Group

from courseware.accounts.models import RosterImport, RosterImportChunk, RosterRow, Team, User, add_chunks
from courseware.accounts.permissions.permissions import teams_managed_by
from courseware.accounts.permissions.roles import HR
from courseware.accounts.roster_import.company_snapshot import CompanySnapshot, load_teams
from courseware.accounts.roster_import.comparison import BAD, NEW_TEAM
from courseware.accounts.teams.teams import add_team, lock_teams

LONGEST_NAME = 120  # characters, of `Team.name`


def create_teams_of(roster: RosterImport, take: Collection[int], by: User) -> None:
    """Create the teams that bad rows need, and move these rows to the kind they now have. Rows with a line number in
    `take` and rows whose team cannot be created stay. Callers save `counts` and `notes` of `roster`.
    """
    chunks = list(roster.parts.filter(kind=BAD))
    lines = [line for chunk in chunks for line in chunk.rows]
    wanted = [line for line in lines if line.in_new_team and line.line not in take]
    before = Team.objects.count()
    teams = create_teams({line.new_team for line in wanted}, by)
    placed = [
        create_in(row, teams[line.new_team]) for line in wanted if (row := line.in_new_team) and line.new_team in teams
    ]
    numbers = {line.line for line in placed}
    for chunk in chunks:
        chunk.rows = [line for line in chunk.rows if line.line not in numbers]
    RosterImportChunk.objects.bulk_update(chunks, ["lines"])
    kinds = sorted({line.kind for line in placed})
    by_kind = {kind: [line for line in placed if line.kind == kind] for kind in kinds}
    add_chunks(roster, by_kind)
    for kind, moved in by_kind.items():
        roster.counts[kind] += len(moved)
    roster.counts[BAD] -= len(placed)
    roster.notes["teams_created"] = Team.objects.count() - before


def create_in(row: RosterRow, team: int) -> RosterRow:
    """Return the row with the id `team` in place of NEW_TEAM; unchanged if it joins no new team."""
    return replace(row, team=team) if row.team == NEW_TEAM else row


def create_teams(paths: Iterable[str], by: User) -> dict[str, int]:
    """Create missing teams and parents. `paths`: like "A/B". Return path → team id, without those `team_at` refuses."""
    list(Group.objects.select_for_update(no_key=True).filter(name=HR))  # without teams, nothing else is locked
    lock_teams()
    own = set() if by.is_superuser else {*teams_managed_by(by).values_list("pk", flat=True)}
    company, found = CompanySnapshot(), {}
    load_teams(company)
    for path in sorted(paths, key=lambda each: (-each.count("/"), each)):
        if team := team_at(path, company, own, by):
            found[path] = team
    return found


def team_at(path: str, company: CompanySnapshot, own: Collection[int], by: User) -> int | None:
    """Return the id of the team at `path`, created if missing; None if ambiguous, too long, or to be created directly
    below a team of `own`, the ids of teams that `by` manages.
    """
    named = company.teams_named(path)
    if named:
        return next(iter(named)) if len(named) == 1 else None
    above, _slash, name = path.rpartition("/")
    parent = team_at(above, company, own, by) if above else None
    if len(name) > LONGEST_NAME or (above and parent is None) or parent in own:
        return None
    team = add_team(Team(name=name, parent_id=parent), by=by)
    company.add_team(team.pk, [*(company.paths[parent].split("/") if parent else []), name])
    return team.pk
