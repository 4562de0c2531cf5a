"""Descriptions of assignment rules, as sentences in the active language."""

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courseware.accounts.models import Membership
from courseware.assignments.models import RuleVersion
from courseware.assignments.rules.scope import day_in
from courseware.content.course_titles import course_title

LEAP_YEAR = 2028


def scope_text(version: RuleVersion) -> str:
    if version.team_id and not version.team:
        return _("Everyone who is in the closed team of this rule (0 people)")
    team = {"team": version.team.name} if version.team else None
    if version.role == Membership.Role.LEARNER:
        return (
            _("Everyone who is a learner in %(team)s or in a team below it") % team
            if team
            else _("Everyone who is a learner in any team")
        )
    if version.role == Membership.Role.MANAGER:
        return (
            _("Everyone who manages %(team)s or a team below it") % team if team else _("Everyone who manages a team")
        )
    return _("Everyone who is in %(team)s or in a team below it") % team if team else _("Everyone who has an account")


def conditions(version: RuleVersion, language: str) -> Iterator[str]:
    if version.job_role:
        yield _("has the job role %(job_role)s") % {"job_role": version.job_role}
    if version.joined_since:
        yield _("started work on %(day)s or later") % {"day": date_format(version.joined_since)}
    if version.other_course:
        course = {"course": course_title(version.other_course, language)}
        words = _("is certified in “%(course)s”") if version.other_certified else _("is not certified in “%(course)s”")
        yield words % course


def by_when(version: RuleVersion) -> str:
    if version.due == RuleVersion.Due.DATE and version.due_on:
        return _("by %(day)s") % {"day": date_format(version.due_on)}
    if version.due == RuleVersion.Due.QUARTER:
        return _("by the end of the quarter")
    days = version.due_days or 0
    if version.due == RuleVersion.Due.AFTER_START:
        words = ngettext(
            "within %(days)s day of the first day of work", "within %(days)s days of the first day of work", days
        )
    elif version.due == RuleVersion.Due.AFTER_JOINING:
        words = ngettext(
            "within %(days)s day of getting an account", "within %(days)s days of getting an account", days
        )
    else:
        words = ngettext("within %(days)s day of being enrolled", "within %(days)s days of being enrolled", days)
    return words % {"days": days}


def renewal(version: RuleVersion) -> str:
    """Return a sentence about when a renewal opens; "" if the rule has no renewal."""
    if not version.renewal:
        return ""
    is_short = version.renewal == RuleVersion.Renewal.SHORT
    kind = _("a short renewal") if is_short else _("a renewal of the whole course")
    if version.renewal_days is None:
        day = day_in(LEAP_YEAR, version.renewal_month or 1, version.renewal_day or 1)
        return _("Every year on %(day)s, %(what)s opens.") % {"day": date_format(day, _("j F")), "what": kind}
    words = ngettext(
        "%(days)s day before a certificate expires, %(what)s opens.",
        "%(days)s days before a certificate expires, %(what)s opens.",
        version.renewal_days,
    )
    return words % {"days": version.renewal_days, "what": kind}


def sentences(version: RuleVersion, course: str, language: str) -> list[str]:
    """Return the rule as sentences. `course`: title of its course; `language`: of the title of another course."""
    people = _(" and ").join([scope_text(version), *conditions(version, language)])
    found = [
        _("%(who)s must complete “%(course)s” %(by_when)s.")
        % {"who": people, "course": course, "by_when": by_when(version)}
    ]
    found.append(renewal(version) or _("People with a valid certificate are not affected."))
    found.append(
        _("People who no longer match the rule become exempt, and the rule is recorded as the reason.")
        if version.exempts
        else _("People who no longer match the rule stay enrolled.")
    )
    return found
