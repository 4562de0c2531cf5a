"""Models of simulation attempts and their decisions."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courseware.content.models import Document, Release, Revision
from courseware.learning.models import Enrollment


class TimeSetting(models.TextChoices):
    WRITTEN = "written", _("standard")
    X1_25 = "1.25", _("1¼ times the standard time")
    X1_5 = "1.5", _("1½ times the standard time")
    DOUBLE = "double", _("twice the standard time")
    X3 = "3", _("3 times the standard time")
    X4 = "4", _("4 times the standard time")
    X5 = "5", _("5 times the standard time")
    X10 = "10", _("10 times the standard time")
    PAUSED = "paused", _("with a pause before each situation")
    OFF = "off", _("no time limit")


class SimulationOutcome(models.TextChoices):
    """How good an ending is, the best first."""

    GREEN = "green", _("no harm")
    YELLOW = "yellow", _("at a cost")
    RED = "red", _("harm")


class SimulationAttemptQuerySet(models.QuerySet):
    def on_record(self):
        return self.filter(what_if_of=None)  # what-if attempts are practice

    def open(self):
        return self.filter(finished_at=None, abandoned_at=None)

    def finished(self):
        return self.exclude(finished_at=None)

    def of(self, simulation: str):
        return self.filter(simulation__identifier=simulation)

    def with_release(self):
        # Without the outlines, which are large and cached.
        return self.select_related("simulation", "release").defer("release__outlines")


class SimulationAttempt(models.Model):
    """An attempt; its state derives from its decisions. A what-if attempt branches off `what_if_of` at `what_if_at`."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="runs")
    simulation = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+", help_text="Of the simulation")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(null=True, help_text="Number among the recorded attempts; 1 is the first")
    what_if_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="branches")
    what_if_at = models.PositiveSmallIntegerField(null=True)
    timing = models.CharField(max_length=8, choices=TimeSetting)
    pace = models.CharField(
        max_length=8,
        choices=TimeSetting,
        blank=True,
        default="",
        db_default="",
        help_text="Time setting of the learner at the start; empty: as written",
    )
    flags = models.JSONField(help_text="Those that chance has set, sorted")
    started_at = models.DateTimeField()
    # When the current situation was shown, and since when it is paused: see `timing.py`.
    shown_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    abandoned_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Stored in the transaction of the last decision; `check_records` compares them with a replay.
    ending = models.CharField(max_length=100, blank=True, help_text="The id of the ending")
    colour = models.CharField(max_length=6, blank=True, choices=SimulationOutcome)
    points = models.SmallIntegerField(null=True)

    objects = SimulationAttemptQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("simulation attempt"), _("simulation attempts")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "simulation", "number"], name="one_run_per_number"),
            models.UniqueConstraint(
                fields=["enrollment", "simulation"],
                condition=Q(finished_at=None, abandoned_at=None, what_if_of=None),
                name="one_open_run_per_simulation",
            ),
            models.UniqueConstraint(
                fields=["enrollment", "simulation"],
                condition=Q(finished_at=None, abandoned_at=None, what_if_of__isnull=False),
                name="one_open_branch_per_simulation",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=False, what_if_of=None, what_if_at=None)
                | Q(number=None, what_if_of__isnull=False, what_if_at__isnull=False),
                name="a_run_is_on_record_or_a_branch",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, ending="", colour="", points=None)
                | (Q(finished_at__isnull=False, points__isnull=False) & ~Q(ending="") & ~Q(colour="")),
                name="a_finished_run_has_an_ending",
            ),
        ]

    def __str__(self):
        return f"{self.simulation} · {self.number or _('practice')} ({self.enrollment})"

    @property
    def clock_timing(self):
        return self.pace or self.timing

    @property
    def is_practice(self):
        return self.what_if_of_id is not None

    @property
    def is_open(self):
        return self.finished_at is None and self.abandoned_at is None

    @property
    def worth(self):
        """Sort key of finished attempts, the best highest: the ending counts more than points."""
        return -list(SimulationOutcome).index(self.colour), self.points

    @property
    def points_shown(self):
        return str(self.points).replace("-", "−")  # 12, −6


class Decision(models.Model):
    """A decision of an attempt, never edited. Its effects derive from the release of the attempt."""

    run = models.ForeignKey(SimulationAttempt, on_delete=models.PROTECT, related_name="decisions")
    position = models.PositiveSmallIntegerField(help_text="Number of its situation in the attempt; 1 is the first")
    node = models.CharField(max_length=100)
    place = models.PositiveSmallIntegerField(help_text="Of the choice, or of the branch taken when the time was up")
    is_timeout = models.BooleanField(default=False)
    picked = models.JSONField(default=list, help_text="The places of the parts of a message, sorted")
    seconds = models.PositiveSmallIntegerField(help_text="What the clock gave; 0: none ran")
    milliseconds = models.PositiveIntegerField(help_text="From when the situation was given to the decision")
    meters = models.JSONField(help_text="Meter → its value afterwards")
    points = models.SmallIntegerField()
    shown_at = models.DateTimeField()
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("decision"), _("decisions")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="one_decision_per_situation")]

    def __str__(self):
        return f"{self.node} ({self.run})"
