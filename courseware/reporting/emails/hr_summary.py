"""HR summary of the week: totals by team. Sent with the managers' weekly summary, unless all totals are 0."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from courseware.accounts.models import Membership, Team
from courseware.accounts.permissions.roles import HR, has_role, people_with_role
from courseware.learning.status.states import State
from courseware.lib.dates import now
from courseware.notifications.email.email_types import EmailCategory, EmailType, one_by_one, register_email_type
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.dashboard.rows import SORTED_BY_NAME, dashboard_rows_of, filter_by_status, stuck_rows
from courseware.reporting.emails.weekly_summary import NOTHING, finished, register_weekly

KIND = "hr-summary"
TEAMS_LISTED = 30
NOT_IN_HR = gettext_noop("the recipient no longer works in HR")


def register() -> None:
    """Register the email; `weekly_summary` schedules it."""
    register_weekly(KIND, lambda: people_with_role(HR))
    questions = one_by_one(why_nothing), one_by_one(in_words)
    label, template, category = _("All teams this week"), "reporting/mail/hr_summary.txt", EmailCategory.SUBSCRIBED
    register_email_type(
        KIND, EmailType(label, template, *questions, category, is_for=lambda person: has_role(HR, person))
    )


class Totals(NamedTuple):
    """Numbers of dashboard rows. `stuck` is None above SORTED_BY_NAME rows, too many to check."""

    overdue: int
    stuck: int | None
    finished: int


def rows_of_reader(email: OutgoingEmail, at: datetime) -> dict[str, QuerySet[Any, Any]]:
    """Return "overdue", "finished" and, up to SORTED_BY_NAME rows, "stuck" → rows of the recipient's dashboard."""
    language, rows = email.language or settings.LANGUAGE_CODE, dashboard_rows_of(email.person, at=at)
    found = {"overdue": filter_by_status(rows, State.OVERDUE, at), "finished": finished(rows, at)}
    if rows.order_by()[: SORTED_BY_NAME + 1].count() <= SORTED_BY_NAME:
        found["stuck"] = stuck_rows(rows, language, at)
    return found


def why_nothing(email: OutgoingEmail) -> str:
    """Return why the email must not be sent (untranslated), or ""."""
    if not has_role(HR, email.person):
        return NOT_IN_HR
    found = rows_of_reader(email, now())
    return "" if any(rows.exists() for rows in found.values()) else NOTHING


def in_words(email: OutgoingEmail) -> dict[str, object]:
    """Return the template context: name, all (`Totals`), teams (of `teams_of`), others (number not listed), link."""
    found = rows_of_reader(email, timezone.now())
    teams = teams_of(found)
    with translation.override(email.language or settings.LANGUAGE_CODE):
        return {
            "name": email.person.name,  # type: ignore[union-attr]  # always has a recipient account
            "all": totals({group: rows.count() for group, rows in found.items()}),
            "teams": teams[:TEAMS_LISTED],
            "others": len(teams[TEAMS_LISTED:]),
            "link": settings.SITE_URL.rstrip("/") + reverse("reporting:dashboard"),
        }


def totals(numbers: Mapping[str, int]) -> Totals:
    return Totals(numbers["overdue"], numbers.get("stuck"), numbers["finished"])


def teams_of(found: Mapping[str, QuerySet[Any, Any]]) -> list[tuple[str, Totals]]:
    """Return (team name, totals) of teams with a total above 0, most overdue first. `found`: see `rows_of_reader`.
    A row counts in each team in which its learner is a member, but not in the teams above.
    """
    numbers: dict[str, Counter[int]] = {group: Counter(by_team(rows)) for group, rows in found.items()}
    names = dict(Team.objects.filter(pk__in=set().union(*numbers.values())).values_list("pk", "name"))
    teams = [(name, totals({group: each[team] for group, each in numbers.items()})) for team, name in names.items()]
    return sorted(teams, key=lambda each: (-each[1].overdue, -(each[1].stuck or 0), each[0]))


def by_team(rows: QuerySet[Any, Any]) -> dict[int, int]:
    """Return team id → number of `rows` (enrollments) of the team's own learners, not of teams below; only above 0."""
    members = Membership.objects.filter(
        role=Membership.Role.LEARNER, person__enrollments__in=rows.order_by().values("pk")
    )
    return dict(
        members.order_by().values("team").annotate(number=Count("person__enrollments")).values_list("team", "number")
    )
