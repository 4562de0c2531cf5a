"""Models of list imports: an uploaded list of people, its chunks, and what each row would change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from courseware.accounts.roster_import import messages
from courseware.lib.text.names import NameField

ROWS_A_PART = 50  # rows of one chunk, which is applied in one transaction


@dataclass(frozen=True)
class CellFault:
    """A bad cell: its name, such as D47, and its text `stood`. `code`: key of `messages.PROBLEMS`; `said`: values."""

    cell: str
    column: str
    stood: str
    code: str
    said: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return str(messages.FIELDS[self.column])

    @property
    def words(self) -> str:
        return messages.PROBLEMS[self.code] % self.said


@dataclass
class RosterRow:
    """What one row changes, stored as JSON. `person`, `team`, `teams_were`: ids. `line` is 0 if it is in no row."""

    line: int = 0  # in the file
    kind: str = ""  # one of LINE_KINDS
    name: str = ""
    person: int | None = None  # None: a new person
    was: dict[str, Any] = field(default_factory=dict)  # of each field that changes
    to: dict[str, Any] = field(default_factory=dict)
    team: int | None = None  # of a new membership
    role: str = ""
    teams_were: list[int] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)  # paths of the teams that would lose their last manager
    # Of a row that cannot be applied as it is
    problems: list[CellFault] = field(default_factory=list)
    otherwise: "RosterRow | None" = None  # what it changes if HR accepts the team at the path `offer`
    offer: str = ""
    in_new_team: "RosterRow | None" = None  # what it changes if the team at the path `new_team` is created
    new_team: str = ""
    key: str = ""  # of `otherwise`: rows with the same key are about one person
    taken: bool = False  # whether HR has accepted `otherwise`
    # Of a row that was applied
    outcome: str = ""
    conflict: str = ""  # a key of `messages.CONFLICTS`
    field: str = ""  # that the conflict concerns

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "RosterRow":
        row = cls(**stored)
        row.problems = [CellFault(**each) for each in stored.get("problems", ())]
        row.otherwise = cls.from_json(stored["otherwise"]) if stored.get("otherwise") else None
        row.in_new_team = cls.from_json(stored["in_new_team"]) if stored.get("in_new_team") else None
        return row

    def as_json(self) -> dict[str, Any]:
        stored = {name: value for name, value in vars(self).items() if value}
        if self.problems:
            stored["problems"] = [vars(each) for each in self.problems]
        if self.otherwise:
            stored["otherwise"] = self.otherwise.as_json()
        if self.in_new_team:
            stored["in_new_team"] = self.in_new_team.as_json()
        return stored

    @property
    def signs_in(self) -> str:
        return self.to.get("email") or self.to.get("staff_number", "")

    @property
    def is_about_new_team(self) -> bool:
        """Whether the row can only be applied by creating its team."""
        return self.in_new_team is not None and self.otherwise is None


def as_stored(rows: Iterable[RosterRow]) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows]


class RosterImport(models.Model):
    """A list of people and what it would change; its chunks hold the changes."""

    file_name = NameField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: the site"
    )
    is_confirmed = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Person who started it; null: the site",
    )
    read_at = models.DateTimeField(default=timezone.now)
    is_complete = models.BooleanField(default=False)
    counts = models.JSONField(default=dict, help_text="How many lines of each kind, how many stay as they are")
    notes = models.JSONField(default=dict, help_text="What was read how, and what was passed over")
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-read_at"], name="rosters_by_day")]

    def __str__(self):
        return f"{self.file_name} · {self.read_at:%Y-%m-%d}"


class RosterImportChunk(models.Model):
    roster = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="parts")
    place = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    lines = models.JSONField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["roster", "place"], name="one_part_at_a_place")]

    def __str__(self):
        return f"{self.roster} · {self.place} · {self.kind}"

    @property
    def rows(self) -> list[RosterRow]:
        """Parsed anew at each access: to store a change, assign the whole list."""
        return [RosterRow.from_json(each) for each in self.lines]

    @rows.setter
    def rows(self, rows: Iterable[RosterRow]) -> None:
        self.lines = as_stored(rows)


def add_chunks(roster: RosterImport, lines: Mapping[str, Sequence[RosterRow]]) -> None:
    """Append rows (kind, one of LINE_KINDS → rows) to the import, in chunks of ROWS_A_PART."""
    length = roster.parts.count()
    batches = [
        (kind, rows[first : first + ROWS_A_PART])
        for kind, rows in lines.items()
        for first in range(0, len(rows), ROWS_A_PART)
    ]
    RosterImportChunk.objects.bulk_create(
        [
            RosterImportChunk(roster=roster, place=position, kind=kind, lines=as_stored(rows))
            for position, (kind, rows) in enumerate(batches, start=length)
        ],
        batch_size=100,
    )
