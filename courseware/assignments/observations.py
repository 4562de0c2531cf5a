"""What a lead sees of somebody some days after a course: that it was asked, and apart from it what was answered.

The two are never joined: see docs/decisions/0036.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team
from courseware.content.models import Document, Release
from courseware.learning.models import Enrollment


class Observation(models.Model):
    """That somebody has answered the sheet about this person, or cannot say; never what. Nobody is asked again."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="+")
    sheet = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_on = models.DateField(help_text="By the clock of the site; the day alone, for answers have no time either")
    is_answered = models.BooleanField(help_text="False: whoever was asked cannot say")

    class Meta:
        verbose_name, verbose_name_plural = _("observation"), _("observations")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["enrollment", "sheet"], name="one_observation_of_a_run")]

    def __str__(self):
        return f"{self.sheet} ({self.enrollment})"


class ObservationAnswers(models.Model):
    """One answered sheet without a person. While it waits for others it says neither month nor, in words, the team.

    The key is random, so that it tells no order.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sheet = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField(help_text="Question id → place, list of places, number or text")
    waits_as = models.CharField(
        max_length=64, blank=True, help_text="The team, under the key of the site, as long as it waits"
    )
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    month = models.DateField(null=True, help_text="The first day of the month in which the fifth answer came")
    shown_from = models.DateField(null=True, help_text="The day from which figures hold it; null: it waits for others")
    counts_from = models.DateField(
        null=True,
        help_text="The first day of the month from which it may count, while the person is new to the company",
    )

    class Meta:
        verbose_name, verbose_name_plural = _("answered observation sheet"), _("answered observation sheets")
        ordering = ["id"]
        indexes = [models.Index(fields=["sheet", "team"], name="observed_in_a_team")]
        constraints = [
            models.CheckConstraint(
                condition=Q(shown_from=None, month=None, team=None) & ~Q(waits_as="")
                | Q(shown_from__isnull=False, month__isnull=False, waits_as=""),
                name="an_observation_waits_or_is_shown",
            )
        ]

    def __str__(self):
        return str(self.sheet)
