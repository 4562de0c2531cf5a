"""Dashboard filters by due date and job role, and sort orders."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, User

DAY = timedelta(days=1)
FEW = 1000  # people


class DueFilter(models.TextChoices):
    """Due dates to filter by: ranges of `urgency`; a day is 24 hours, as for *due soon*."""

    WITHIN_WEEK = "due-7", _("due within 7 days")
    WITHIN_FORTNIGHT = "due-14", _("due within 14 days")
    WITHIN_MONTH = "due-30", _("due within 30 days")
    LATE_WEEK = "late-7", _("overdue for 7 days or more")
    LATE_MONTH = "late-30", _("overdue for 30 days or more")

    def condition(self, at: datetime) -> Q:
        """Return the condition for enrollments as of `at`."""
        kind, _dash, number = self.value.partition("-")
        if kind == "due":
            return Q(urgency__gt=at, urgency__lte=at + int(number) * DAY)
        return Q(urgency__lte=at - (int(number) - 1) * DAY)  # day 1 begins at the due time


class SortOrder(models.TextChoices):
    """Sort orders for up to `rows.SORTED_BY_NAME` dashboard rows."""

    NAME = "name", _("by name")
    TEAM = "team", _("by team")
    LAST_ACTIVE = "last-active", _("longest inactive first")

    def of(self, enrollments: QuerySet, teams: QuerySet) -> QuerySet:
        """Return these dashboard rows sorted. `teams`: query of the ids of teams whose names are shown."""
        rest = ("urgency", "learner__name", "pk")
        if self == SortOrder.NAME:
            return enrollments.order_by("learner__name", *rest)
        if self == SortOrder.LAST_ACTIVE:
            return enrollments.order_by(F("last_active_at").asc(nulls_first=True), *rest)
        joined = Membership.objects.filter(person=OuterRef("learner"), role=Membership.Role.LEARNER, team__in=teams)
        first = Subquery(joined.order_by("pk").values("team__name")[:1])
        return enrollments.annotate(first_team=first).order_by(F("first_team").asc(nulls_last=True), *rest)


def of_job_role(job_role: str) -> Q:
    """Return the condition: the enrollment has this job role (id), or has none and the learner has it. Runs 1 query."""
    # Up to FEW people are listed by id, so that an index finds their enrollments.
    known = list(User.objects.filter(job_role=job_role).order_by().values_list("pk", flat=True)[: FEW + 1])
    of_known = Q(learner__in=known) if len(known) <= FEW else Q(learner__job_role=job_role)
    return Q(job_role=job_role) | Q(job_role="") & of_known
