"""A list of new people that was pasted or typed: a person a line, read and shown before anything happens."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from courseware.accounts.models import Team, User
from courseware.assignments.newcomer_forms import sign_in_name_of
from courseware.assignments.newcomers import bring_in

MOST_ROWS = 50  # one transaction; more of them are a roster
SEPARATORS = re.compile(r"\t|[,;，；]")


@dataclass(frozen=True)
class PastedRow:
    """`problem` says why it cannot be brought in; empty where it can. `team` is None where none was named."""

    line: int
    name: str
    sign_in_name: str
    team: Team | None
    problem: str = ""


def read_rows(text: str) -> list[PastedRow]:
    """Name, e-mail or staff number, and perhaps the team. Empty lines are passed over. Runs three queries."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    cells = [(number, [cell.strip() for cell in SEPARATORS.split(line)]) for number, line in lines]
    typed = [(number, name_in(row)) for number, row in cells]
    times = Counter(name for _number, name in typed if name)
    here, teams = people_here(times), {team.name: team for team in Team.objects.only("name", "time_zone")}
    return [read_row(number, row, times, here, teams) for number, row in cells]


def name_in(row: Sequence[str]) -> str:
    """The name that the person would sign in with, or "" where that cell holds none."""
    try:
        return sign_in_name_of(row[1])
    except (IndexError, ValidationError):
        return ""


def people_here(names: Counter[str]) -> dict[str, User]:
    emails = [name for name in names if "@" in name]
    found = {str(person.email): person for person in User.objects.filter(email__in=emails)}
    numbers = [name for name in names if "@" not in name]
    return found | {str(person.staff_number): person for person in User.objects.filter(staff_number__in=numbers)}


def read_row(number: int, row: Sequence[str], times: Counter[str], here: dict[str, User], teams) -> PastedRow:
    name, sign_in_name = row[0], name_in(row)
    wanted = row[2] if len(row) > 2 else ""
    shown = sign_in_name or (row[1] if len(row) > 1 else "")
    problem = ""
    if not name or len(name) > 120:
        problem = _("Expected a name of at most 120 signs.")
    elif not sign_in_name:
        problem = _("Expected an e-mail address or a staff number behind the name.")
    elif sign_in_name in here:
        problem = _("%(name)s is here already.") % {"name": here[sign_in_name].name}
    elif times[sign_in_name] > 1:
        problem = _("This address or number is there more than once.")
    elif wanted and wanted not in teams:
        near = get_close_matches(wanted, teams, 1)
        problem = _("There is no team “%(team)s”.") % {"team": wanted}
        problem += _(" Is it “%(team)s”?") % {"team": near[0]} if near else ""
    return PastedRow(number, name, shown, teams.get(wanted), problem)


@transaction.atomic
def bring_in_all(rows: Sequence[PastedRow], *, team: Team | None, by: User, **asked) -> int:
    """Those without a problem, all or none; returns how many. Raises ValidationError where one is here by now."""
    good = [row for row in rows if not row.problem]
    for row in good:
        bring_in(row.name, row.sign_in_name, team=row.team or team, by=by, **asked)
    return len(good)
