"""Import rosters and read the resulting company."""

from django.db.models import Prefetch

from courseware.accounts.models import Membership, RosterImport, Team, User
from courseware.accounts.roster_import.apply import apply_next, begin_applying, outcome_lines, store_plan
from courseware.accounts.roster_import.company_snapshot import load_company
from courseware.accounts.roster_import.comparison import Comparison
from courseware.accounts.roster_import.file_formats import Table
from courseware.accounts.roster_import.parser import parse_table

HEADINGS = ["工号", "姓名", "邮箱", "团队"]


def plan_of(*rows, headings=HEADINGS, is_complete=False, **options):
    listing = parse_table(Table([list(headings), *map(list, rows)]))
    return Comparison(listing, load_company(), **options).plan(is_complete=is_complete)


def compared(*rows, by=None, is_complete=False, **options):
    plan = plan_of(*rows, is_complete=is_complete, **options)
    return store_plan(plan, file_name="list.csv", digest="0" * 64, by=by, is_complete=is_complete)


def apply(roster, *, take=(), is_sure=True, **options):
    begin_applying(roster, by=roster.by, take=take, is_sure=is_sure, **options)
    while apply_next(roster.pk):
        pass
    return RosterImport.objects.get(pk=roster.pk)


def bring_in(*rows, take=(), is_sure=True, invites=False, **options):
    return apply(compared(*rows, **options), take=take, is_sure=is_sure, invites=invites)


def outcomes(roster):
    """Outcome → lines of the file, or names of people who are not in it."""
    return {
        outcome: [line.line or line.name for line in found]
        for outcome in ("done", "already", "conflict", "left-out")
        if (found := outcome_lines(roster, outcome))
    }


def company_state():
    """Everyone, with the fields that a roster may change."""
    memberships = Prefetch("memberships", Membership.objects.select_related("team").order_by("team__name", "role"))
    return sorted(
        (
            person.staff_number or "",
            person.email or "",
            person.name,
            person.is_active,
            tuple((each.team.name, each.role) for each in person.memberships.all()),
        )
        for person in User.objects.prefetch_related(memberships)
    )


def make_teams(*paths):
    """Path → team; parents come first in `paths`."""
    teams = {}
    for path in paths:
        above, _, name = path.rpartition("/")
        teams[path] = Team.objects.create(name=name, parent=teams.get(above))
    return teams
