"""Onboarding: add new people with a team and enrollments, one person or a pasted list."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courseware.accounts.models import Team, User, time_zones
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.roster_import.parser import NotUsable, Row, read_row
from courseware.accounts.sign_in.identifiers import plain_name
from courseware.accounts.sign_in.invitations import invite
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.content.models import Course
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Enrollment, zone_named
from courseware.lib.dates import due_instant
from courseware.notifications.models import OutgoingEmail


@transaction.atomic
def onboard(
    name: str, sign_in_name: str, *, courses: Sequence[Course] = (), due_on: date | None = None, by: User, **fields
) -> User:
    """Add a person; enroll in `courses`, or invite if there are none; queue an email. `sign_in_name`: from
    `sign_in_name_of`; `due_on`: last day, None for no due date; other `fields` and exceptions: see `add_person`.
    """
    person = add_unasked(name, sign_in_name, by=by, **fields)
    if courses:
        enroll_in_courses(person, courses, due_on, by=by)
    else:
        invite(person, by=by)
    return person


def add_unasked(name: str, sign_in_name: str, *, team: Team | None = None, by: User, **fields) -> User:
    """Add a person like `onboard`, without enrollments and emails. `sign_in_name`: email or staff number; `fields` and
    exceptions: see `add_person`.
    """
    email, number = (sign_in_name, None) if "@" in sign_in_name else (None, sign_in_name)
    return add_person(name, email=email, staff_number=number, team=team, by=by, **fields)


@transaction.atomic
def enroll_in_courses(person: User, courses: Sequence[Course], due_on: date | None, *, by: User) -> None:
    """Enroll and email the person; due at the end of `due_on` in their zone (None: never). Open enrollments stay."""
    zone = zone_named(time_zones(person).first())
    due_at = due_on and due_instant(due_on, zone)
    for course in courses:
        enroll(person, course, due_at=due_at, by=by)


def was_added(person: User, *, by: User, since: datetime) -> bool:
    """Return whether `by` has added `person` since the instant `since`."""
    added = Event.objects.filter(subject=subject_of(person), verb="person-added", actor=by, at__gte=since)
    return added.exists()


def was_asked(person: User, courses: Sequence[Course]) -> bool:
    """Return whether `person` is enrolled in all these courses and got or will get an email, or has no address."""
    enrolled = Enrollment.objects.filter(learner=person, course__in=courses).values("course").distinct().count()
    return enrolled == len(courses) and (not person.email or OutgoingEmail.objects.filter(person=person).exists())


def sign_in_name_of(typed: str) -> str:
    """Return the typed address or staff number normalized. Raise ValidationError if it is neither."""
    name = plain_name(typed)
    if "@" in name:
        validate_email(name)
    elif len(name) > 40 or not name:
        raise ValidationError(_("Enter an email address, or a staff number of at most 40 characters."))
    return name


# A pasted list has one person a line and no headings. Longer lists are imported as files.

MOST_ROWS = 50  # in one transaction
SEPARATORS = re.compile(r"\t|[,;，；]")
FIELDS = {0: "name", 1: "sign_in_name", 2: "team"}  # index in the line → field
PROBLEMS = {
    "name": gettext_lazy("Enter a name of at most 120 characters."),
    "sign_in_name": gettext_lazy("Enter an email address or a staff number after the name."),
}


def listed_name(text: str) -> str:
    if len(text) > 120:
        raise NotUsable("name")
    return text


def listed_sign_in_name(text: str) -> str:
    try:
        return sign_in_name_of(text)
    except ValidationError:
        raise NotUsable("sign_in_name") from None


READ: dict[str, Callable[[str], object]] = {"name": listed_name, "sign_in_name": listed_sign_in_name, "team": str}


@dataclass(frozen=True)
class PastedRow:
    """A line of a pasted list. `problem`: why it cannot be added, or "". `team`: None if it names none."""

    line: int
    name: str
    sign_in_name: str
    team: Team | None
    problem: str = ""


def read_rows(text: str) -> list[PastedRow]:
    """Parse lines of name, address or staff number, and perhaps a team. Empty lines are skipped. Runs two queries."""
    lines = [(number, cells_of(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    rows = [read_row(cells, number, FIELDS, READ) for number, cells in lines]
    times = Counter(row.values["sign_in_name"] for row in rows if "sign_in_name" in row.values)
    existing, teams = people_here(times), {team.name: team for team in Team.objects.only("name", "time_zone")}
    return [
        PastedRow(
            line=row.line,
            name=cells[0],
            sign_in_name=row.values.get("sign_in_name", cells[1]),
            team=teams.get(row.values.get("team", "")),
            problem=problem_of(row, times, existing, teams),
        )
        for row, (_number, cells) in zip(rows, lines, strict=True)
    ]


def cells_of(line: str) -> list[str]:
    """Return the cells of a line and two empty ones."""
    return [*(cell.strip() for cell in SEPARATORS.split(line)), "", ""]


def people_here(names: Iterable[str]) -> dict[str, User]:
    """Return address or staff number → person, for those of `names` (normalized) that exist. Runs one query."""
    found = User.objects.filter(Q(email__in=names) | Q(staff_number__in=names))
    return {str(name): person for person in found for name in (person.email, person.staff_number) if name}


def problem_of(row: Row, times: Counter[str], existing: Mapping[str, User], teams: Mapping[str, Team]) -> str:
    """Return why the row cannot be added, or "". `times`: number of rows by name; `existing`, `teams`: by name."""
    if missing := next((field for field in PROBLEMS if field not in row.values), ""):
        return str(PROBLEMS[missing])
    name, team = row.values["sign_in_name"], row.values.get("team", "")
    if name in existing:
        return _("%(name)s already has an account.") % {"name": existing[name].name}
    if times[name] > 1:
        return _("This email address or staff number appears more than once in the list.")
    if team and team not in teams:
        near = get_close_matches(team, teams, 1)
        problem = _("There is no team “%(team)s”.") % {"team": team}
        return problem + (_(" Did you mean “%(team)s”?") % {"team": near[0]} if near else "")
    return ""


@transaction.atomic
def add_all(rows: Sequence[PastedRow], *, team: Team | None, by: User, **asked) -> int:
    """Add rows without a problem; return how many. `team`: default; `asked`: see `onboard`. Raise ValidationError."""
    good = [row for row in rows if not row.problem]
    for row in good:
        onboard(row.name, row.sign_in_name, team=row.team or team, by=by, **asked)
    return len(good)
