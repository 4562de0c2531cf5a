"""Comparison of a list of people with the company: plan the changes without writing."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from courseware.accounts.models import CellFault, Membership, RosterRow
from courseware.accounts.people.onboarding import LEARNER
from courseware.accounts.roster_import.columns import IDENTITIES, folded
from courseware.accounts.roster_import.company_snapshot import CompanySnapshot, Known
from courseware.accounts.roster_import.parser import ParsedRoster, Row
from courseware.lib.dates import site_day

JOIN, RETURN, MOVE, CHANGE, LEAVE, BAD = LINE_KINDS = ("join", "return", "move", "change", "leave", "bad")
KEPT = ("staff_number", "email", "name", "language", "job_role", "starts_on", "leaves_on")
JOB_ROLES_NAMED = 20
LEAVERS_AT_LEAST, LEAVERS_PERCENT = 3, 5
NEW_TEAM = -1  # id of a team that is still to be created


@dataclass
class Plan:
    """Rows to apply (kind → rows), the number of unchanged rows, and notes for the page."""

    lines: dict[str, list[RosterRow]] = field(default_factory=lambda: {kind: [] for kind in LINE_KINDS})
    unchanged: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        return {kind: len(lines) for kind, lines in self.lines.items()} | {"unchanged": self.unchanged}


class Comparison:
    """Compares a list with the company. `may_touch_staff`: the uploader is a superuser. `own`: id of the uploader, or
    None. `in_conflict`: ids of people the uploader cannot decide about. `job_roles`: `folded` title → id.
    """

    def __init__(
        self,
        listing: ParsedRoster,
        company: CompanySnapshot,
        *,
        may_touch_staff: bool = False,
        own: int | None = None,
        in_conflict: Collection[int] = (),
        job_roles: Mapping[str, str] | None = None,
    ) -> None:
        self.listing, self.company, self.today = listing, company, site_day()
        self.may_touch_staff, self.own, self.in_conflict = may_touch_staff, own, {own, *in_conflict}
        self.job_roles = job_roles or {}
        self.unknown_job_roles: set[str] = set()
        self.persons = {row.line: self.person_of(row) for row in listing.rows}
        self.know_by_other_rows()

    def plan(self, *, is_complete: bool = False, only: Collection[int] | None = None) -> Plan:
        """Return the plan. `only`: line numbers that may change; None: all. Bad rows are always in it.
        `is_complete`: people who are not in the list leave; ignored with `only`.
        """
        plan = Plan()
        rows = self.distinct(plan)
        faults = self.faults_between(rows)
        for row in rows:
            line = self.line_of(row, faults.get(row.line, []))
            if line is None or (only is not None and line.kind != BAD and row.line not in only):
                plan.unchanged += 1
            else:
                plan.lines[line.kind].append(line)
        if is_complete and only is None:
            plan.lines[LEAVE] += self.absent(plan.notes)
        plan.lines[BAD].sort(key=lambda line: line.is_about_new_team)  # other faults first: each needs a decision
        self.mark_teams_left_alone(plan)
        self.note(plan)
        return plan

    def person_of(self, row: Row) -> Known | None:
        """Return the person by number, else by address unless row and person have two numbers; None if unknown."""
        number, email = row.values.get("staff_number"), row.values.get("email")
        if number in self.company.by_number:
            return self.company.by_number[number]
        found = self.company.by_email.get(email) if email else None
        return found if found and not (number and found.staff_number) else None

    def know_by_other_rows(self) -> None:
        """Assign rows with an unknown number to the person of another row with the same number."""
        found = {
            row.values.get("staff_number"): person for row in self.listing.rows if (person := self.persons[row.line])
        }
        for row in self.listing.rows:
            number = row.values.get("staff_number")
            if number and not self.persons[row.line]:
                self.persons[row.line] = found.get(number)

    def key_of(self, row: Row) -> str:
        """Return a key that rows about one person share; "" if the row names nobody."""
        if person := self.persons[row.line]:
            return f"person {person.pk}"
        number, email = row.values.get("staff_number"), row.values.get("email")
        return f"number {number}" if number else f"email {email}" if email else ""

    def distinct(self, plan: Plan) -> list[Row]:
        """Return the rows without repetitions; add the number of repetitions to `plan.unchanged`."""
        rows, seen = [], set()
        for row in self.listing.rows:
            content = (self.key_of(row), *sorted((name, str(value)) for name, value in row.values.items()))
            if content[0] and not row.problems and content in seen:
                plan.unchanged += 1
            else:
                seen.add(content)
                rows.append(row)
        return rows

    def faults_between(self, rows: list[Row]) -> dict[int, list[CellFault]]:
        """Return line number → faults: two rows about one person, one address for two people. `rows`: of `distinct`."""
        about, addressed = defaultdict(list), defaultdict(list)
        for row in rows:
            about[self.key_of(row)].append(row)
            addressed[row.values.get("email")].append(row)
        about.pop("", None)
        addressed.pop(None, None)
        faults = defaultdict(list)
        for twins in about.values():
            for row in twins if len(twins) > 1 else ():
                named = "staff_number" if "staff_number" in row.values else "email"
                other = next(each for each in twins if each is not row)
                faults[row.line].append(problem(row, named, "twice", line=str(other.line)))
        for sharers in addressed.values():
            if len({self.key_of(row) for row in sharers}) > 1:
                for row in sharers:
                    other = next(each for each in sharers if self.key_of(each) != self.key_of(row))
                    values = {"line": str(other.line), "name": other.values.get("name", "")}
                    faults[row.line].append(problem(row, "email", "shared-address", **values))
        return faults

    def line_of(self, row: Row, between: list[CellFault]) -> RosterRow | None:
        """Return the row to apply, or None if it changes nothing; with faults a row of kind BAD that lists them.
        `between`: faults of this row from `faults_between`.
        """
        person = self.persons[row.line]
        problems = [*row.problems, *self.faults(row, person)]
        _team, offered, of_team = self.team_of(row)
        good = self.best_row(row, person)
        if not problems and not between and not of_team:
            return good
        line = RosterRow(row.line, BAD, row.values.get("name", ""), person.pk if person else None)
        line.problems = [*problems, *between, *of_team]
        if not problems and (offered or not of_team) and good:
            line.otherwise = replace(good, key=self.key_of(row))
            line.offer = self.company.paths[offered] if offered else ""
        is_new = {each.code for each in of_team} <= {"no-team", "near-team"} and bool(of_team)
        if is_new and not problems and not between and self.may_change_membership(person):
            line.in_new_team = self.usable_row(row, person, NEW_TEAM)
            line.new_team = row.values["team"]
        return line

    def may_change_membership(self, person: Known | None) -> bool:
        return person is None or (self.may_touch(person) and person.pk not in self.in_conflict)

    def faults(self, row: Row, person: Known | None) -> list[CellFault]:
        """Return the faults that the approver cannot resolve on the page, such as a taken address."""
        values, found = row.values, []
        unread = {each.column for each in row.problems}
        if not self.key_of(row):
            if not unread & {"staff_number", "email"}:
                found.append(problem(row, "staff_number", "nobody"))
        elif person is None and "name" not in values and "name" not in unread:
            found.append(problem(row, "name", "no-name"))
        holder = self.company.by_email.get(values.get("email", ""))
        if holder and holder != person:
            found.append(problem(row, "email", "address-taken", name=holder.name))
        elif person and not self.may_touch(person) and self.best_row(row, person):
            found.append(problem(row, "name", "ask-admin"))
        elif person and person.pk in self.in_conflict and self.best_row(row, person):
            found.append(problem(row, "name", "own-row" if person.pk == self.own else "conflict"))
        elif person and person.is_in_hr and not self.may_touch_staff and "email" in self.changed_fields(row, person):
            found.append(problem(row, "email", "address-of-hr"))
        return found

    def changed_fields(self, row: Row, person: Known) -> Collection[str]:
        """Return the fields that the row would change, if its similar team is accepted."""
        line = self.best_row(row, person)
        return line.to if line else ()

    def may_touch(self, person: Known) -> bool:
        return self.may_touch_staff or not person.is_for_admins

    def team_of(self, row: Row) -> tuple[int | None, int | None, list[CellFault]]:
        """Return (id of the team, id of a similar team, faults); an id is None if there is no such team."""
        path = row.values.get("team")
        if not path:
            return None, None, []
        teams = self.company.teams_named(path)
        if len(teams) == 1:
            return next(iter(teams)), None, []
        if teams:
            paths = ", ".join(sorted(self.company.paths[team] for team in teams))
            return None, None, [problem(row, "team", "which-team", paths=paths)]
        near = self.company.nearest(path)
        if near is None:
            return None, None, [problem(row, "team", "no-team")]
        return None, near, [problem(row, "team", "near-team", path=self.company.paths[near])]

    def best_row(self, row: Row, person: Known | None) -> RosterRow | None:
        """Return the row to apply if its similar team is accepted; None if it changes nothing."""
        team, offered, _problems = self.team_of(row)
        return self.usable_row(row, person, team or offered)

    def usable_row(self, row: Row, person: Known | None, team: int | None) -> RosterRow | None:
        """Return the row to apply with `team` (id, NEW_TEAM, None: teams stay); None if it changes nothing."""
        values = {name: row.values[name] for name in KEPT if name in row.values}
        values = {name: value for name, value in values.items() if not self.is_other_name(name, value)}
        self.note_job_role(values)
        role = row.values.get("role", LEARNER)
        if person is None:
            return self.joining(row, values, team, role)
        has_left = bool(values.get("leaves_on") and values["leaves_on"] < self.today)
        if has_left:
            if not person.is_active:
                return None
            return line_for(LEAVE, row.line, person, {"leaves_on": values["leaves_on"]})
        if "leaves_on" in self.listing.columns and person.is_active:
            values.setdefault("leaves_on", None)
        line = line_for(CHANGE, row.line, person, values)
        team_ids = self.company.places.get((person.pk, role), set())
        if team and team not in team_ids:
            line = replace(line, kind=MOVE, team=team, role=role, teams_were=sorted(team_ids))
        if not person.is_active:
            line.kind = RETURN
            if day := values.get("leaves_on"):  # set it again, because a return clears it
                line.was.setdefault("leaves_on", None)
                line.to["leaves_on"] = day.isoformat()
        return line if line.kind != CHANGE or line.to else None

    def is_other_name(self, column: str, value: Any) -> bool:
        """Return whether `value` of the field `column` identifies an alias; such a value changes nothing."""
        return column in IDENTITIES and value in self.company.other_names

    def joining(self, row: Row, values: dict[str, Any], team: int | None, role: str) -> RosterRow | None:
        """Return the row that adds a person; None if the last day has passed."""
        if values.get("leaves_on") and values["leaves_on"] < self.today:
            return None  # has left already
        return RosterRow(row.line, JOIN, values.get("name", ""), to=as_json(values), team=team, role=role)

    def note_job_role(self, values: dict[str, Any]) -> None:
        """Replace the job role in `values` by its id; remove and note an unknown one."""
        written = values.pop("job_role", "")
        if written and folded(written) in self.job_roles:
            values["job_role"] = self.job_roles[folded(written)]
        elif written and len(self.unknown_job_roles) < JOB_ROLES_NAMED:
            self.unknown_job_roles.add(written)

    def absent(self, notes: dict[str, Any]) -> list[RosterRow]:
        """Return a row of kind LEAVE for each active person whom no row names, except the uploader, people who are
        `is_for_admins`, and people with the name of an unsure row. If an unsure row has no name, return [] and set
        `notes["nobody_leaves"]`.
        """
        listed = {person.pk for person in self.persons.values() if person} | {self.own}
        # A row with an unknown number is bad, but its address still names the person.
        addresses = {row.values.get("email", "") for row in self.listing.rows}
        listed |= {person.pk for email, person in self.company.by_email.items() if email in addresses}
        names = {folded(row.values.get("name", "")) for row in self.listing.rows if self.is_unsure(row)}
        if "" in names:
            notes["nobody_leaves"] = True
            return []
        here = (each for each in self.company.people.values() if each.is_active and not each.is_for_admins)
        leavers = [person for person in here if person.pk not in listed and folded(person.name) not in names]
        return [line_for(LEAVE, 0, person, {}) for person in leavers]

    def is_unsure(self, row: Row) -> bool:
        """Return whether the row names no known person but may be about one: number or address is unreadable."""
        unread = {each.column for each in row.problems} & {*IDENTITIES}
        return not self.persons[row.line] and bool(unread or not self.key_of(row))

    def mark_teams_left_alone(self, plan: Plan) -> None:
        """Set `alone` (team paths) in the rows of managers whose teams would lose their last manager."""
        leaving_teams: dict[int | None, list[int]] = {
            line.person: [*self.company.places.get((line.person, Membership.Role.MANAGER), ())]
            for line in plan.lines[LEAVE]
            if line.person
        }
        new_managers: dict[int, set[int | None]] = defaultdict(set)
        for kind in (JOIN, MOVE, RETURN):
            for line in plan.lines[kind]:
                if line.team and line.role == Membership.Role.MANAGER:
                    new_managers[line.team].add(line.person)
                    leaving_teams[line.person] = line.teams_were
        gone = {(person, team) for person, teams in leaving_teams.items() for team in teams}
        for line in (line for kind in (LEAVE, MOVE, RETURN) for line in plan.lines[kind]):
            alone = [
                self.company.paths[team]
                for team in leaving_teams.get(line.person, ())
                if not new_managers[team] and all((manager, team) in gone for manager in self.company.managers_of(team))
            ]
            if alone:
                line.alone = sorted(alone)

    def new_teams(self, named: Mapping[str, int]) -> dict[str, int]:
        """Return path → number of rows, for teams to create and missing parents. `named`: path or its end → rows."""
        names = [path.split("/") for path in named]
        paths = {
            folded("/".join(each[: end + 1])): "/".join(each[: end + 1]) for each in names for end in range(len(each))
        }
        wanted = [path for path in paths if not self.company.teams.get(path)]
        found = {path: 0 for path in wanted if not any(other.endswith(f"/{path}") for other in wanted)}
        for path, number in named.items():
            whole = next(each for each in found if f"/{each}".endswith(f"/{folded(path)}"))
            found[whole] += number
        return {paths[path]: number for path, number in sorted(found.items())}

    def note(self, plan: Plan) -> None:
        active = sum(person.is_active and not person.is_for_admins for person in self.company.people.values())
        leavers = len(plan.lines[LEAVE])
        new_teams = self.new_teams(Counter(line.new_team for line in plan.lines[BAD] if line.in_new_team))
        left_alone = {team for lines in plan.lines.values() for line in lines for team in line.alone}
        plan.notes |= {
            "rows": len(self.listing.rows),
            "people": active,
            "named": sorted({each.pk for each in self.persons.values() if each and not each.is_listed}),
            "encoding": self.listing.encoding,
            "unknown": self.listing.unknown,
            "bare_numbers": self.listing.bare_numbers,
            "job_roles": sorted(self.unknown_job_roles),
            "new_teams": new_teams,
            "in_new_teams": sum(line.is_about_new_team for line in plan.lines[BAD]),
            "many_leave": leavers >= LEAVERS_AT_LEAST and leavers * 100 > active * LEAVERS_PERCENT,
            "alone": sorted(left_alone),
        }


def needs_second_yes(notes: Mapping[str, Any]) -> bool:
    """Return whether many people leave or a team loses its last manager. `notes`: `Plan.notes`, with all keys."""
    return bool(notes["many_leave"] or notes["alone"])


def problem(row: Row, column: str, code: str, **values: str) -> CellFault:
    """Return a fault of the cell in `column`. `code`: key of `messages.PROBLEMS`; `values`: its placeholders."""
    text = str(row.values.get(column, ""))
    return CellFault(row.cells.get(column, str(row.line)), column, text, code, values)


def line_for(kind: str, line: int, person: Known, values: dict[str, Any]) -> RosterRow:
    """Return a row about `person` with those of `values` (field → new value) that differ from the present values."""
    changed = {name: value for name, value in values.items() if getattr(person, name) != value}
    was = {name: getattr(person, name) for name in changed}
    return RosterRow(line, kind, person.name, person.pk, as_json(was), as_json(changed))


def as_json(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def has_duplicate_claims(lines: Iterable[RosterRow]) -> bool:
    """Return whether two of these rows have the same `key` or email. Pass only rows with a `key` (see `otherwise`)."""
    claims = Counter(f"key {line.key}" for line in lines)
    claims.update(f"email {line.to['email']}" for line in lines if line.to.get("email"))
    return any(number > 1 for number in claims.values())
