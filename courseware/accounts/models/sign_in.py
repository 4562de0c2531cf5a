"""Models of sign-in codes, invite links of teams, and requests to join a team."""

from django.conf import settings
from django.db import models

from courseware.lib.text.names import NameField


class SignInCode(models.Model):
    """The newest sign-in code of a person."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=128, help_text="Made as that of a password")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.person} · {self.given_at:%Y-%m-%d %H:%M}"


class TeamInviteLinkQuerySet(models.QuerySet):
    def open(self, at):
        """Return the links that can be used at `at` (aware datetime)."""
        return self.filter(ended_at=None, ends_at__gt=at, uses_left__gt=0)


class TeamInviteLink(models.Model):
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    uses_left = models.PositiveSmallIntegerField()
    ended_at = models.DateTimeField(null=True, help_text="When somebody ended it before its time")

    objects = TeamInviteLinkQuerySet.as_manager()

    def __str__(self):
        return f"{self.team} · {self.ends_at:%Y-%m-%d}"


class JoinRequest(models.Model):
    """A request to join a team by a person whom its link does not expect. `is_accepted`: None until answered."""

    link = models.ForeignKey(TeamInviteLink, on_delete=models.CASCADE, related_name="+")
    staff_number = models.CharField(max_length=40)
    name = NameField(max_length=120)
    asked_at = models.DateTimeField()
    is_accepted = models.BooleanField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "staff_number"], name="one_request_at_a_link")]

    def __str__(self):
        return f"{self.name} · {self.staff_number}"
