from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils import timezone

from courseware.accounts.rosters.rows import RosterRow, as_stored
from courseware.lib.names import NameField


class Roster(models.Model):
    """A list of people compared with the company: see `accounts.rosters`. Its parts hold what it would change."""

    file_name = NameField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: the site"
    )
    said_yes = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who let it be done; null: the site",
    )
    read_at = models.DateTimeField(default=timezone.now)
    is_whole_firm = models.BooleanField(default=False)
    counts = models.JSONField(default=dict, help_text="How many lines of each kind, how many stay as they are")
    notes = models.JSONField(default=dict, help_text="What was read how, and what was passed over")
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-read_at"], name="rosters_by_day")]

    def __str__(self):
        return f"{self.file_name} · {self.read_at:%Y-%m-%d}"


class RosterPart(models.Model):
    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="parts")
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
        """Parsed at each access: to store a change, set all rows."""
        return [RosterRow.from_json(each) for each in self.lines]

    @rows.setter
    def rows(self, rows: Iterable[RosterRow]) -> None:
        self.lines = as_stored(rows)
