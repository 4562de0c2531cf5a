"""Models of people, teams, memberships, calendar days and trusted devices."""

import math
import unicodedata
import zoneinfo
from datetime import timedelta
from fractions import Fraction

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower, Substr
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models.deputies import PAIRS
from courseware.accounts.people.search import FIELDS as FOUND_BY
from courseware.accounts.people.search import store_terms
from courseware.lib.dates import site_day
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.lib.text.names import NameField, visible

OFFICES = CompiledQuery(lambda person: Group.objects.filter(user=person).values_list("name", flat=True))


def plain_staff_number(typed):
    """Return the typed staff number (str) normalized: half-width, upper case, no spaces."""
    return "".join(visible(unicodedata.normalize("NFKC", typed)).split()).upper()


class UserManager(BaseUserManager):
    def create_user(self, email=None, password=None, **fields):
        """Save and return a person; default password: unusable. Raise ValidationError, or in a race IntegrityError."""
        user = self.model(email=email, **fields)
        user.set_password(password)  # None: unusable
        user.full_clean(exclude=["password"])  # normalizes email address and staff number
        user.save()
        return user

    def create_together(self, people):
        """Save `people`, a list of unsaved users after `full_clean`, without a password. Runs two statements. Raise
        IntegrityError if an email or staff number is taken.
        """
        for person in people:
            person.set_unusable_password()
        with transaction.atomic():
            self.bulk_create(people)
            store_terms(people, are_new=True)

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def known_as(self, typed: str) -> models.QuerySet:
        """Return a queryset of at most one person: email in any case, or staff number in any case and width."""
        return self.filter(models.Q(email=typed.lower()) | models.Q(staff_number=plain_staff_number(typed)))


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account. The email address or the staff number is the sign-in name."""

    class ExtraTime(models.TextChoices):
        """Factor by which time limits grow, a decimal number as text; "off": no limit."""

        X1_25 = "1.25", _("1¼ times the standard time")
        X1_5 = "1.5", _("1½ times the standard time")
        X2 = "2", _("twice the standard time")
        X3 = "3", _("3 times the standard time")
        X4 = "4", _("4 times the standard time")
        X5 = "5", _("5 times the standard time")
        X10 = "10", _("10 times the standard time")
        OFF = "off", _("no time limit")

    email = models.EmailField(
        _("email address"),
        max_length=254,
        unique=True,
        null=True,
        blank=True,
        error_messages={"unique": _("Another account already has this email address.")},
    )
    staff_number = models.CharField(
        _("staff number"),
        max_length=40,
        unique=True,
        null=True,
        blank=True,
        help_text=_("The staff number from your company; people without an email address sign in with it."),
        error_messages={"unique": _("Another account already has this staff number.")},
    )
    name = NameField(_("name"), max_length=120, help_text=_("The name as it appears on certificates."))
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Leave empty to use the browser’s language."),
    )
    extra_time = models.CharField(
        _("extra time"),
        max_length=8,
        choices=ExtraTime,
        blank=True,
        help_text=_(
            "This setting applies to exams with a time limit. Simulations use it as the default. Leave empty "
            "for the standard time."
        ),
    )
    job_role = models.CharField(
        _("job role"),
        max_length=32,
        blank=True,
        help_text=_("The id of the job role in the course files; leave empty if it is not known."),
    )
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    listed_on = models.DateField(null=True, editable=False, help_text="When a list of people first named the person")
    leaves_on = models.DateField(_("last day"), null=True, blank=True)
    audits_until = models.DateField(
        _("last day as an auditor"),
        null=True,
        blank=True,
        help_text=_("The last day of access, in the site’s time zone."),
    )
    is_active = models.BooleanField(_("can sign in"), default=True)
    is_staff = models.BooleanField(_("can open admin pages"), default=False)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)  # the password is public: see `demo_accounts`
    # Part of the session hash: increasing it ends all sessions of the person.
    session_number = models.PositiveIntegerField(default=0, editable=False)
    teams_number = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    in_conflict_with: frozenset[int] | None = None  # cache of `conflicts_of_interest`
    unread = None  # number of unread notifications, for the user of a request: see `identifiers`
    logged_as = "person"
    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name, verbose_name_plural = _("person"), _("people")
        ordering = ["name", "pk"]
        constraints = [
            # Makes the unique index ignore case.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="addresses_are_lower_case"),
            models.CheckConstraint(
                condition=~models.Q(email=None, staff_number=None),
                name="address_or_staff_number",
                violation_error_message=_("Enter an email address or a staff number."),
            ),
        ]
        indexes = [  # for the list in the admin, and its filters with few results
            models.Index(fields=["name", "id"], name="people_by_name"),
            models.Index(fields=["name", "id"], condition=models.Q(is_active=False), name="former_people_by_name"),
            models.Index(fields=["name", "id"], condition=models.Q(is_staff=True), name="staff_by_name"),
            models.Index(fields=["name", "id"], condition=models.Q(is_superuser=True), name="superusers_by_name"),
            models.Index(fields=["job_role"], condition=~models.Q(job_role=""), name="people_by_job_role"),
        ]

    def __str__(self):
        return self.name or self.sign_in_name

    def save(self, **kwargs):
        """Save. Store the search terms if name, email or staff number is saved."""
        is_new, fields = self._state.adding, kwargs.get("update_fields")
        with transaction.atomic(savepoint=False):
            super().save(**kwargs)
            if fields is None or not {*FOUND_BY}.isdisjoint(fields):
                store_terms([self], are_new=is_new)

    @cached_property
    def offices(self):
        return frozenset(OFFICES(person=self.pk))

    @cached_property
    def deputies(self):
        """Cached `Deputy` rows, not ended early, last day yesterday or later, with the person as manager or deputy."""
        # One day earlier, because the day depends on the time zone of each team.
        return PAIRS(person=self.pk, since=site_day() - timedelta(days=1))

    @property
    def sign_in_name(self):
        return self.email or self.staff_number

    def clean(self):
        super().clean()
        self.email = (self.email or "").strip().lower() or None  # the unique index ignores None
        self.staff_number = plain_staff_number(self.staff_number or "") or None
        if "@" in (self.staff_number or ""):  # sign-in recognizes addresses by it
            raise ValidationError(
                {"staff_number": _("A staff number cannot contain @. Enter the email address in its own field.")}
            )
        self.name = visible(self.name)  # a line break in a name could add lines to emails

    def time_for(self, seconds):
        """Return the time limit of the person in seconds, where the usual one is `seconds`; None: no limit."""
        if self.extra_time == self.ExtraTime.OFF:
            return None
        return math.ceil(seconds * Fraction(self.extra_time or 1))

    def get_session_auth_hash(self):
        return f"{super().get_session_auth_hash()}.{self.session_number}"

    def get_session_auth_fallback_hash(self):
        return (f"{digest}.{self.session_number}" for digest in super().get_session_auth_fallback_hash())

    def get_full_name(self):
        return self.name

    def get_short_name(self):
        return self.name


def valid_time_zone(name):
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Enter a time zone such as Asia/Shanghai."), params={"name": name}
        )


MANY_HEADS = 50  # SQLite rejects a condition with some hundred alternatives, and no index serves so many


class TeamQuerySet(models.QuerySet):
    def with_subteams(self):
        return with_subteams(self.only("ancestors"))


def with_subteams(heads):
    """Return a queryset of `heads` (teams with `ancestors` loaded) and teams below. A query above MANY_HEADS."""
    heads = list(heads)
    if len(heads) > MANY_HEADS:
        keys = {team.pk for team in heads}
        teams = Team.objects.order_by().only("ancestors")
        return Team.objects.filter(pk__in=[team.pk for team in teams if not keys.isdisjoint(team.line)])
    # An unsaved team has no subteams.
    found = Q(pk__in=[])
    for team in heads:
        found |= Q(pk=team.pk) | Q(ancestors__startswith=team.place)
    return Team.objects.filter(found)


class Team(models.Model):
    name = NameField(_("name"), max_length=120)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent team")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[valid_time_zone],
        help_text=_("Due dates end at midnight in this time zone; leave empty to use the site’s time zone."),
    )
    ancestors = models.CharField(
        max_length=1000,
        default="/",
        editable=False,
        db_index=True,
        help_text="Ids of the teams above, topmost first: /1/7/. Stored with `parent`",
    )
    people = models.ManyToManyField(User, through="accounts.Membership", related_name="teams")

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("team"), _("teams")
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name

    def save(self, **kwargs):
        """Save, and update `ancestors` of all teams below. Locks all teams."""
        with transaction.atomic():
            # Lock all teams: two that are moved at once would miss each other.
            prefixes = {team.pk: team.place for team in Team.objects.select_for_update(no_key=True).order_by("pk")}
            self.ancestors = prefixes[self.parent_id] if self.parent_id else "/"
            before = prefixes.get(self.pk)
            if before and before != self.place:
                below = Concat(Value(self.place), Substr("ancestors", len(before) + 1))
                Team.objects.filter(ancestors__startswith=before).update(ancestors=below)
            super().save(**kwargs)

    @property
    def place(self):
        """The prefix that `ancestors` of all teams below begins with, such as "/1/7/"."""
        return f"{self.ancestors}{self.pk}/"

    @property
    def line(self):
        """Ids of the teams above, topmost first, then the own id."""
        return [int(key) for key in self.place.split("/") if key]

    def clean(self):
        """Lock all teams until the transaction ends. Raise ValidationError for a deleted team or a cycle of parents."""
        super().clean()
        with transaction.atomic():  # inside the admin's transaction, so that the lock holds until the team is saved
            teams = Team.objects.select_for_update(no_key=True).order_by("pk")
            parents = dict(teams.values_list("pk", "parent_id"))
        gone = {self.pk, self.parent_id} - parents.keys() - {None}  # deleted since the form was loaded
        if gone:
            message = _("This team was deleted in the meantime.")
            raise ValidationError(message if self.pk in gone else {"parent": message})
        above, seen = self.parent_id, set()
        while above and above not in seen:
            if above == self.pk:
                raise ValidationError({"parent": _("A team cannot belong to itself or to a team below it.")})
            seen.add(above)
            above = parents.get(above)

    @property
    def zone(self):
        return zoneinfo.ZoneInfo(self.time_zone or settings.TIME_ZONE)


class Membership(models.Model):
    class Role(models.TextChoices):
        LEARNER = "learner", _("learner")
        MANAGER = "manager", _("manager")

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("team"))
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.LEARNER)

    class Meta:
        verbose_name, verbose_name_plural = _("membership"), _("memberships")
        constraints = [models.UniqueConstraint(fields=["team", "person", "role"], name="one_membership_per_role")]

    def __str__(self):
        return f"{self.person} · {self.team} · {self.get_role_display()}"


class CalendarDay(models.Model):
    """A day off or working day in the calendar of the site (`team` is None), or of a team and the teams below."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+", help_text="Null: the site")
    day = models.DateField()
    is_free = models.BooleanField()
    name = NameField(max_length=60, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["team", "day"], name="a_day_once_in_the_list_of_a_team"),
            models.UniqueConstraint(fields=["day"], condition=Q(team=None), name="a_day_once_in_the_list_of_the_site"),
        ]

    def __str__(self):
        return f"{self.day} · {self.name}"


def time_zones(learner):
    """Return a queryset of 0 or 1 names: time zone, or "", of the team `learner` (user, id, OuterRef) joined first."""
    teams = Membership.objects.filter(person=learner, role=Membership.Role.LEARNER)
    return teams.order_by("pk").values_list("team__time_zone", flat=True)[:1]


class TrustedDevice(models.Model):
    """A browser from which the person has signed in."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=32)
    trusted_since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="a_device_is_known_once")]

    def __str__(self):
        return f"{self.person} · {self.trusted_since:%Y-%m-%d}"
