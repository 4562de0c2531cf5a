"""Models of people, teams, memberships, sign-in, absences, notes, merges and list imports."""

from courseware.accounts.api_keys import ApiKey
from courseware.accounts.models.absences import Absence
from courseware.accounts.models.deputies import Deputy
from courseware.accounts.models.merges import AccountMerge, merge_of, surviving_accounts
from courseware.accounts.models.notes import LONGEST_NOTE, Note
from courseware.accounts.models.roster_import import CellFault, RosterImport, RosterImportChunk, RosterRow, add_chunks
from courseware.accounts.models.sign_in import JoinRequest, SignInCode, TeamInviteLink
from courseware.accounts.models.users import (
    CalendarDay,
    Membership,
    Team,
    TrustedDevice,
    User,
    plain_staff_number,
    time_zones,
    with_subteams,
)
from courseware.accounts.people.search import SearchTerm

__all__ = [
    "LONGEST_NOTE",
    "Absence",
    "AccountMerge",
    "ApiKey",
    "CalendarDay",
    "CellFault",
    "Deputy",
    "JoinRequest",
    "Membership",
    "Note",
    "RosterImport",
    "RosterImportChunk",
    "RosterRow",
    "SearchTerm",
    "SignInCode",
    "Team",
    "TeamInviteLink",
    "TrustedDevice",
    "User",
    "add_chunks",
    "merge_of",
    "plain_staff_number",
    "surviving_accounts",
    "time_zones",
    "with_subteams",
]
