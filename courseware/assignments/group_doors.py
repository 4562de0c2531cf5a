"""Doors into chat groups, by team, and the cards that go through them."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team
from courseware.outbox.chat_cards import SERVICES
from courseware.outbox.chat_doors import masked

KEPT_FOR = timedelta(days=90)
FURTHEST_TRY = timedelta(hours=4)  # ahead; what lies further was set by a wrong clock


class GroupDoorQuerySet(models.QuerySet["GroupDoor"]):
    def in_use(self) -> Self:
        return self.filter(is_on=True, refused_at=None)

    def refused(self) -> Self:
        return self.filter(is_on=True).exclude(refused_at=None)


class GroupDoor(models.Model):
    """A robot in a chat group, which says once a day where a team and those below it stand."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", verbose_name=_("team"))
    service = models.CharField(
        _("service"), max_length=16, choices=[(name, service.words) for name, service in SERVICES.items()]
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    address = models.CharField(max_length=1000, help_text="A secret: whoever knows it writes into the group")
    secret = models.CharField(max_length=200, blank=True)
    is_on = models.BooleanField(_("in use"), default=True)
    is_for_leads = models.BooleanField(_("the group is the leads’"), default=False)
    refused_at = models.DateTimeField(null=True, help_text="Not used since, until somebody saves it anew")
    refused_why = models.TextField(blank=True)

    logged_as = "group-door"
    objects = GroupDoorQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("door into a chat group"), _("doors into chat groups")
        ordering = ["team__name", "pk"]

    def __str__(self) -> str:
        return f"{self.team} · {self.get_service_display()}"

    @property
    def masked_address(self) -> str:
        return masked(self.address)


class CardState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    LATER = "later", _("tried again later")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("refused")
    SKIPPED = "skipped", _("not sent")
    GIVEN_UP = "given-up", _("given up")


WAITING = Q(state__in=[CardState.QUEUED, CardState.LATER])


class GroupCardQuerySet(models.QuerySet["GroupCard"]):
    def due(self, at: datetime) -> Self:
        """What is to leave by now, the oldest first; also what waits for a day that only a wrong clock can have set."""
        its_time_has_come = Q(next_at__lte=at) | Q(next_at__gt=at + FURTHEST_TRY)
        return self.filter(WAITING & its_time_has_come).order_by("next_at", "pk")


class GroupCard(models.Model):
    """A card to a group: the summary of a day, or a try without one. What stands on it is made when it leaves."""

    id = models.BigAutoField(primary_key=True)
    door = models.ForeignKey(GroupDoor, on_delete=models.CASCADE, related_name="cards")
    day = models.DateField(null=True, help_text="Of the team. Null: somebody tries the door")
    state = models.CharField(max_length=16, choices=CardState, default=CardState.QUEUED)
    why = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = GroupCardQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["door", "day"], name="one_summary_a_door_and_day"),
            models.UniqueConstraint(fields=["door"], condition=Q(day=None) & WAITING, name="one_try_at_a_time"),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="group_card_waiting", condition=WAITING),
            models.Index(fields=["tried_at"], name="group_card_tried"),
            models.Index(fields=["written_at"], name="group_card_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.door_id} {self.day or 'try'}"

    @property
    def is_try(self) -> bool:
        return self.day is None


def forget_old_cards() -> str:
    return str(GroupCard.objects.filter(written_at__lt=timezone.now() - KEPT_FOR).delete()[0])
