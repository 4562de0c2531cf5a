"""Apply a compared list of people, in chunks. Rows whose data changed since the comparison are skipped."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courseware.accounts.models import (
    AccountMerge,
    Membership,
    RosterImport,
    RosterImportChunk,
    RosterRow,
    Team,
    User,
    add_chunks,
)
from courseware.accounts.people.offboarding import come_back_locked, leave_locked
from courseware.accounts.people.onboarding import add_people, add_person_with_events
from courseware.accounts.permissions.permissions import is_for_admins, may_decide_about
from courseware.accounts.permissions.roles import HR
from courseware.accounts.roster_import.comparison import (
    BAD,
    JOIN,
    LEAVE,
    RETURN,
    Plan,
    has_duplicate_claims,
    needs_second_yes,
)
from courseware.accounts.roster_import.new_teams import create_teams_of
from courseware.accounts.teams.memberships import lock_memberships_exclusive, move_locked, notify_old_address
from courseware.audit_log.record import NewEvent, record_many
from courseware.lib.dates import site_day
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import OutgoingEmail

NAMED_AT_ONCE = 500  # people in one update
DONE, ALREADY, CONFLICT, LEFT_OUT = "done", "already", "conflict", "left-out"
KEPT_FOR = timedelta(days=90)  # the audit log keeps the changes
DAYS = {"starts_on", "leaves_on"}


class NotSure(Exception):
    """A second confirmation is missing: many people would leave, or a team would lose its only manager."""


class IdentifierTaken(Exception):
    """Two accepted rows are about one person or one address."""


class Conflict(Exception):
    """A row cannot be applied. `code`: key of `messages.CONFLICTS`; `field`: the field concerned, or ""."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code, self.field = code, field


@transaction.atomic
def store_plan(plan: Plan, *, file_name: str, digest: str, by: User | None, is_complete: bool) -> RosterImport:
    """Store the plan for approval and return it. If it has no rows to apply, call `note_listed`. `digest`: SHA-256 of
    the file, hex. `by`: the uploader; None is the site.
    """
    roster = RosterImport.objects.create(
        file_name=file_name[-200:],
        digest=digest,
        by=by,
        is_complete=is_complete,
        counts=plan.counts,
        notes=plan.notes,
    )
    if not any(plan.lines.values()):  # nothing has to be approved
        note_listed(roster)
    add_chunks(roster, plan.lines)
    return roster


@transaction.atomic
def begin_applying(
    roster: RosterImport,
    *,
    by: User | None,
    take: Collection[int] = (),
    is_sure: bool = False,
    invites: bool = False,
    creates_teams: bool = False,
) -> bool:
    """Approve the list; `apply_next` applies it. Return False if already approved. Raise NotSure if `needs_second_yes`
    and not `is_sure`; IdentifierTaken as `mark_applied`. `by`: approver; None is the site, which creates no teams.
    `take`: line numbers of bad rows to apply as `otherwise`. `invites`: see `invite_new_people`; `creates_teams`:
    `create_teams_of`.
    """
    roster = RosterImport.objects.select_for_update(no_key=True).get(pk=roster.pk)
    if roster.begun_at:
        return False
    if needs_second_yes(roster.notes) and not is_sure:
        raise NotSure
    if creates_teams and by:
        create_teams_of(roster, take, by)
    mark_applied(roster, {*take})
    roster.begun_at, roster.is_confirmed = timezone.now(), by
    roster.notes |= {"invites": invites}
    roster.save(update_fields=["begun_at", "is_confirmed", "notes", "counts"])
    return True


def mark_applied(roster: RosterImport, lines: set[int]) -> None:
    """Set `taken` of all bad rows: True for those that have one of these line numbers and an `otherwise`. Raise
    IdentifierTaken if the accepted rows have duplicate claims.
    """
    chunks = list(roster.parts.filter(kind=BAD))
    accepted = []
    for chunk in chunks:
        rows = chunk.rows
        for row in rows:
            row.taken = row.otherwise is not None and row.line in lines
        chunk.rows = rows
        accepted += [row.otherwise for row in rows if row.otherwise and row.taken]
    if has_duplicate_claims(accepted):
        raise IdentifierTaken
    RosterImportChunk.objects.bulk_update(chunks, ["lines"])


@transaction.atomic
def apply_next(pk: int) -> bool:
    """Apply the next chunk of the list (id) and return True. If no chunk is left or the list was stopped, mark it as
    finished and return False. Return False if it is finished or not approved.
    """
    roster = (
        RosterImport.objects.select_for_update(of=("self",), no_key=True)
        .select_related("by", "is_confirmed")
        .get(pk=pk)
    )
    if not roster.begun_at or roster.finished_at:
        return False
    chunk = None if "stopped_by" in roster.notes else roster.parts.filter(applied_at=None).first()
    if chunk is None:
        if "stopped_by" not in roster.notes:
            note_listed(roster)
        roster.finished_at = timezone.now()
        roster.save(update_fields=["finished_at"])
        return False
    RosterApplication(roster).apply(chunk)
    return True


@transaction.atomic
def stop_applying(pk: int, *, by: User) -> bool:
    """Stop applying the list with the id `pk` after the current chunk. Return False if it was not being applied."""
    roster = RosterImport.objects.select_for_update(no_key=True).get(pk=pk)
    if not roster.begun_at or roster.finished_at or "stopped_by" in roster.notes:
        return False
    roster.notes |= {"stopped_by": by.pk}
    roster.save(update_fields=["notes"])
    return True


def note_listed(roster: RosterImport) -> None:
    """Set `listed_on` to today for people whom no earlier list named; statistics count their answers from then on."""
    named, today = roster.notes.get("named", []), site_day()
    for start in range(0, len(named), NAMED_AT_ONCE):
        ids = named[start : start + NAMED_AT_ONCE]
        User.objects.filter(pk__in=ids, listed_on=None).update(listed_on=today)


class RosterApplication:
    """Applies chunks of one approved list in the caller's transaction; the events name the approver as actor."""

    def __init__(self, roster: RosterImport) -> None:
        self.roster, self.by, self.at = roster, roster.is_confirmed, timezone.now()
        self.events: list[NewEvent] = []

    def apply(self, chunk: RosterImportChunk) -> None:
        """Apply all rows of the chunk, store the outcome of each, and log the events."""
        rows = chunk.rows
        lines = [line for row in rows if (line := row.otherwise if chunk.kind == BAD else row)]
        person_ids = {line.person for line in lines}
        # Ordered by id, against deadlocks with other changes of several people.
        people = User.objects.select_for_update(no_key=True).filter(pk__in=person_ids - {None}).order_by("pk")
        self.people = {person.pk: person for person in people}
        lock_memberships_exclusive(self.people)  # all at once, for the same reason
        self.known_otherwise = self.merged_since()
        self.teams = Team.objects.in_bulk([line.team for line in lines if line.team])
        self.joined = self.joined_together(rows)
        for line in rows:
            self.do(line)
        chunk.rows, chunk.applied_at = rows, self.at
        chunk.save(update_fields=["lines", "applied_at"])
        record_many(self.events)

    def merged_since(self) -> set[int]:
        """Return ids of people whose accounts were merged or separated since the comparison."""
        since = Q(made_at__gt=self.roster.read_at) | Q(undone_at__gt=self.roster.read_at)
        return {*AccountMerge.objects.filter(since, kept__in=self.people).values_list("kept", flat=True)}

    def do(self, line: RosterRow) -> None:
        if line.kind == BAD and not line.taken:
            line.outcome = LEFT_OUT
            return
        wanted = line.otherwise if line.otherwise and line.kind == BAD else line
        try:
            events = self.joined.get(line.line) or self.done_alone(wanted)
        except Conflict as conflict:
            line.outcome, line.conflict, line.field = CONFLICT, conflict.code, conflict.field
        else:
            line.outcome = DONE if events else ALREADY
            self.events += [self.told(event) for event in events]

    def told(self, event: NewEvent) -> NewEvent:
        return (
            event if self.roster.by == self.by else replace(event, data={**event.data, "brought_by": self.roster.by_id})
        )

    def joined_together(self, lines: list[RosterRow]) -> dict[int, list[NewEvent]]:
        """Add, all at once, the new people who join no team or a team that exists. Return line number → events to log,
        without invalid or known people; {} if one was added elsewhere at the same time.
        """
        joining = [(line, self.teams.get(line.team or 0)) for line in lines if line.kind == JOIN]
        newcomers = {
            line.line: (self.newcomer(line), team, line.role) for line, team in joining if team or not line.team
        }
        try:
            with transaction.atomic():
                return add_people(newcomers, self.by, self.at)
        except IntegrityError:  # one of them was added at the same time
            return {}

    def newcomer(self, line: RosterRow) -> dict[str, Any]:
        return values_of(line.to) | {"listed_on": site_day(self.at)}

    def done_alone(self, line: RosterRow) -> list[NewEvent]:
        """Apply one row in a savepoint. Return the events to log, [] if nothing changed. Raise Conflict."""
        with transaction.atomic():
            return self.join(line) if line.kind == JOIN else self.change(line)

    def join(self, line: RosterRow) -> list[NewEvent]:
        team = self.team_of(line)
        try:
            _person, events = add_person_with_events(self.newcomer(line), team, line.role, self.by, self.at)
        except ValidationError:
            raise Conflict("here-already") from None
        return events

    def change(self, line: RosterRow) -> list[NewEvent]:
        person = self.people.get(line.person or 0)
        if person is None:
            raise Conflict("gone")
        if is_for_admins(person) and not all(each and each.is_superuser for each in (self.by, self.roster.by)):
            raise Conflict("ask-admin")
        self.refuse_conflict(person, line)
        if person.pk in self.known_otherwise:
            raise Conflict("changed")
        values = values_of(line.to)
        if line.kind == LEAVE:
            return self.let_leave(person, values)
        if not person.is_active and line.kind != RETURN:
            raise Conflict("gone")
        self.compare_with_seen(person, line)
        events = come_back_locked(person, self.by, self.at)
        if not person.is_active:  # merged with another account since
            raise Conflict("gone")
        events += self.set_values(person, values)
        if team := self.team_of(line):
            events += self.move(person, team, line)
        return events

    def refuse_conflict(self, person: User, line: RosterRow) -> None:
        """Raise Conflict if uploader or approver is `person` or may not decide about `person`. Raise Conflict if the
        row changes the email of a person in HR, unless uploader and approver are superusers.
        """
        people = [each for each in (self.by, self.roster.by) if each]
        if person in people:
            raise Conflict("own-row")
        if not all(may_decide_about(each, person) for each in people):
            raise Conflict("conflict")
        are_admins = people and all(each.is_superuser for each in people)
        if "email" in line.to and not are_admins and HR in person.offices:
            raise Conflict("address-of-hr", "email")

    def let_leave(self, person: User, values: dict[str, Any]) -> list[NewEvent]:
        if person.is_active:
            person.leaves_on = values.get("leaves_on", person.leaves_on)
        return leave_locked(person, self.by, self.at)

    def compare_with_seen(self, person: User, line: RosterRow) -> None:
        """Raise Conflict if a field of `person` has neither the compared nor the new value."""
        was, to = values_of(line.was), values_of(line.to)
        for name, value in to.items():
            if getattr(person, name) not in (was[name], value):
                raise Conflict("changed", name)

    def set_values(self, person: User, values: dict[str, Any]) -> list[NewEvent]:
        changed = {name: value for name, value in values.items() if getattr(person, name) != value}
        if not changed:
            return []
        address = person.email
        for name, value in changed.items():
            setattr(person, name, value)
        try:
            with transaction.atomic():
                person.save(update_fields=changed)
        except IntegrityError:
            raise Conflict("here-already") from None
        events = []
        if "email" in changed:
            events.append(NewEvent("address-changed", person, self.by, {}, self.at))
            notify_old_address(person, address)
        if others := sorted(set(changed) - {"email"}):
            events.append(NewEvent("person-changed", person, self.by, {"fields": others}, self.at))
        return events

    def move(self, person: User, team: Team, line: RosterRow) -> list[NewEvent]:
        team_ids = {*Membership.objects.filter(person=person, role=line.role).values_list("team", flat=True)}
        if team.pk not in team_ids and team_ids != {*line.teams_were}:
            raise Conflict("changed", "team")
        return move_locked(person, team, line.role, self.by, self.at)

    def team_of(self, line: RosterRow) -> Team | None:
        """Return the team of the row, None if it names none. Raise Conflict if the team was deleted."""
        if not line.team:
            return None
        if line.team not in self.teams:
            raise Conflict("team-gone", "team")
        return self.teams[line.team]


def invite_new_people(roster: RosterImport) -> None:
    """If `invites` was chosen, invite added people who never signed in and never got an email. It can be repeated."""
    if not roster.notes.get("invites"):
        return
    for chunk in roster.parts.exclude(applied_at=None):
        lines = [line.otherwise or line for line in chunk.rows if line.outcome == DONE]
        addresses = [line.to.get("email") for line in lines if line.kind == JOIN]
        with transaction.atomic():
            RosterImport.objects.select_for_update(no_key=True).get(pk=roster.pk)  # of two calls at once, one waits
            invitable = User.objects.filter(email__in=addresses, is_active=True, last_login=None)
            # Not NOT IN: it matches nobody as soon as one email has no person.
            people = list(invitable.exclude(Exists(OutgoingEmail.objects.filter(person=OuterRef("pk")))).order_by("pk"))
            for person in people:
                queue_email("invitation", person)
            record_many(NewEvent("invited", person, roster.is_confirmed, {}, timezone.now()) for person in people)


def values_of(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: date.fromisoformat(value) if name in DAYS and value else value for name, value in stored.items()}


def outcome_lines(roster: RosterImport, outcome: str) -> list[RosterRow]:
    """Return the rows of applied chunks with this outcome: DONE, ALREADY, CONFLICT or LEFT_OUT."""
    chunks = roster.parts.exclude(applied_at=None)
    return [RosterRow.from_json(line) for chunk in chunks for line in chunk.lines if line.get("outcome") == outcome]


def delete_old_imports(at: datetime | None = None) -> str:
    """Nightly job: delete lists older than 90 days. Return their number as text."""
    old = RosterImport.objects.filter(read_at__lt=(at or timezone.now()) - KEPT_FOR)
    _rows, numbers = old.delete()
    return str(numbers.get(RosterImport._meta.label, 0))
