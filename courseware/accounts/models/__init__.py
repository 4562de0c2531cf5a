from courseware.accounts.api_keys import ApiKey
from courseware.accounts.models.absences import Away
from courseware.accounts.models.deputies import Substitute
from courseware.accounts.models.merges import Merge, accounts_that_stayed, merge_of
from courseware.accounts.models.notes import LONGEST_NOTE, Note
from courseware.accounts.models.roster_import import CellFault, Roster, RosterPart, RosterRow, add_parts
from courseware.accounts.models.sign_in import JoinRequest, SignInCode, TeamLink
from courseware.accounts.models.users import (
    CalendarDay,
    Device,
    Membership,
    Team,
    User,
    plain_staff_number,
    time_zones,
    with_those_below,
)
from courseware.accounts.people.search import SearchTerm

__all__ = [
    "LONGEST_NOTE",
    "ApiKey",
    "Away",
    "CalendarDay",
    "CellFault",
    "Device",
    "JoinRequest",
    "Membership",
    "Merge",
    "Note",
    "Roster",
    "RosterPart",
    "RosterRow",
    "SearchTerm",
    "SignInCode",
    "Substitute",
    "Team",
    "TeamLink",
    "User",
    "accounts_that_stayed",
    "add_parts",
    "merge_of",
    "plain_staff_number",
    "time_zones",
    "with_those_below",
]
