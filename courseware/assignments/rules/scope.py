"""Scope of an assignment rule for one person on one day, with reason and due date. Runs no queries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class CurrentEnrollment:
    enrollment: int
    is_open: bool
    is_exempt: bool
    begun_by: frozenset[int] = frozenset()  # ids of the rules that created it


@dataclass(frozen=True)
class Certified:
    """The longest certification in a course. `until`: date.min if revoked. `is_outside`: external training."""

    since: date
    until: date
    is_outside: bool = False


@dataclass(frozen=True)
class PersonFacts:
    """What rules know about an active person. `runs`, `certificates`: by course id."""

    key: int
    joined_on: date
    starts_on: date | None = None
    leaves_on: date | None = None
    job_role: str = ""
    roles: frozenset[tuple[int, str]] = frozenset()  # (team id, role), also for all teams above
    runs: Mapping[int, CurrentEnrollment] = field(default_factory=dict)
    certificates: Mapping[int, Certified] = field(default_factory=dict)
    occasions: frozenset[tuple[int, str]] = frozenset()  # (rule id, occasion) already handled
    is_exempt_by_hand: bool = False  # admins, auditors and HR could exempt themselves

    @property
    def first_day(self) -> date:
        return self.starts_on or self.joined_on

    def certified_on(self, day: date, course: int) -> bool:
        return course in self.certificates and day <= self.certificates[course].until


class ActionKind(StrEnum):
    ENROLL = "enroll"
    RENEW = "renew"
    EXEMPT = "exempt"
    LEAVE = "leave"  # in scope, not affected
    OUTSIDE = "outside"  # not in scope


class RuleReason(TextChoices):
    """Reason of a verdict; %(day)s is the day of the verdict."""

    STARTS_TODAY = "starts-today", _("starts work on this day")
    NEVER_LEARNED = "never-learned", _("matches the rule and has not completed the course")
    HAS_LAPSED = "has-lapsed", _("was certified until %(day)s")
    WAS_WITHDRAWN = "was-withdrawn", _("the certificate was revoked")
    ENDS_SOON = "ends-soon", _("is certified until %(day)s")
    EACH_YEAR = "each-year", _("the yearly renewal opens on %(day)s")
    FITS_NO_MORE = "fits-no-more", _("no longer matches this rule")
    IS_CERTIFIED = "is-certified", _("is certified")
    IS_LEARNING = "is-learning", _("is already enrolled; the due date does not change")
    IS_EXEMPT = "is-exempt", _("is exempt from the course")
    WAS_ASKED = "was-asked", _("this rule was already applied to this person")
    NOT_YET = "not-yet", _("the rule applies from %(day)s")
    STARTS_LATER = "starts-later", _("starts work on %(day)s")
    HAS_LEFT = "has-left", _("leaves on %(day)s")
    TOO_LATE = "too-late", _("the due date of the rule has passed")
    OTHER_TEAM = "other-team", _("is not in the team of the rule")
    OTHER_ROLE = "other-role", _("does not have the role in the rule")
    OTHER_JOB_ROLE = "other-job-role", _("does not have the job role in the rule")
    JOINED_BEFORE = "joined-before", _("started work before the date in the rule")
    LACKS_OTHER = "lacks-other", _("is not certified in the other course of the rule")
    HAS_OTHER = "has-other", _("is certified in the other course of the rule")
    BY_HAND = (
        "by-hand",
        _(
            "no longer matches the rule, but is an admin, an auditor or in HR, so the rule "
            "cannot make this person exempt; another person must do it"
        ),
    )


@dataclass(frozen=True)
class Because:
    why: RuleReason
    day: date | None = None

    def __str__(self) -> str:
        words = str(self.why.label)
        return words % {"day": date_format(self.day)} if self.day else words


@dataclass(frozen=True)
class Verdict:
    """What a rule does to a person. `opens_on`: of a future renewal. `counts_from`: end of the renewed certificate."""

    kind: ActionKind
    why: RuleReason
    day: date | None = None
    due_on: date | None = None
    occasion: str = ""
    is_short: bool = False
    counts_from: date | None = None
    opens_on: date | None = None


def verdict(version, rule: int, course: int, person: PersonFacts, day: date) -> Verdict:
    """Return what `version` (RuleVersion) does to the person on `day`. `rule`, `course`: ids of rule and its course."""
    if day < version.acts_since:
        return Verdict(ActionKind.LEAVE, RuleReason.NOT_YET, version.acts_since)
    if outside := reason_outside(version, person, day):
        enrollment = person.runs.get(course)
        if version.exempts and enrollment and enrollment.is_open and rule in enrollment.begun_by:
            if person.is_exempt_by_hand:
                return Verdict(ActionKind.OUTSIDE, RuleReason.BY_HAND)
            return once(
                person,
                rule,
                Verdict(ActionKind.EXEMPT, RuleReason.FITS_NO_MORE, occasion=f"exempt {enrollment.enrollment}"),
            )
        return Verdict(ActionKind.OUTSIDE, outside)
    return reason_to_leave(course, person, day) or once(person, rule, action_of(version, course, person, day))


def once(person: PersonFacts, rule: int, found: Verdict) -> Verdict:
    """Return `found`; LEAVE instead of an action if the rule (id) has acted on the same occasion before."""
    if found.kind in (ActionKind.LEAVE, ActionKind.OUTSIDE) or (rule, found.occasion) not in person.occasions:
        return found
    return Verdict(ActionKind.LEAVE, RuleReason.WAS_ASKED)


def reason_outside(version, person: PersonFacts, day: date) -> RuleReason | None:
    """Return why the person is not in the scope of `version`, a RuleVersion, on `day`; None if in scope."""
    roles = {role for team, role in person.roles if version.team_id in (None, team)}
    if version.team_id and not roles:
        return RuleReason.OTHER_TEAM
    if version.role and version.role not in roles:
        return RuleReason.OTHER_ROLE
    if version.job_role and version.job_role != person.job_role:
        return RuleReason.OTHER_JOB_ROLE
    if version.joined_since and person.first_day < version.joined_since:
        return RuleReason.JOINED_BEFORE
    return reason_of_other_course(version, person, day)


def reason_of_other_course(version, person: PersonFacts, day: date) -> RuleReason | None:
    if version.other_course_id and person.certified_on(day, version.other_course_id) != version.other_certified:
        return RuleReason.LACKS_OTHER if version.other_certified else RuleReason.HAS_OTHER
    return None


def reason_to_leave(course: int, person: PersonFacts, day: date) -> Verdict | None:
    """Return the verdict LEAVE if no rule can act on the person in the course (id) on `day`, else None."""
    if person.leaves_on and person.leaves_on < day:
        return Verdict(ActionKind.LEAVE, RuleReason.HAS_LEFT, person.leaves_on)
    if person.starts_on and person.starts_on > day:
        return Verdict(ActionKind.LEAVE, RuleReason.STARTS_LATER, person.starts_on)
    enrollment = person.runs.get(course)
    if enrollment and enrollment.is_open:
        return Verdict(ActionKind.LEAVE, RuleReason.IS_LEARNING)
    return Verdict(ActionKind.LEAVE, RuleReason.IS_EXEMPT) if enrollment and enrollment.is_exempt else None


def action_of(version, course: int, person: PersonFacts, day: date) -> Verdict:
    certified = person.certificates.get(course)
    if certified and day <= certified.until:
        return renewal_of(version, certified, day)
    if version.due == version.Due.DATE and version.due_on < day:
        return Verdict(ActionKind.LEAVE, RuleReason.TOO_LATE)
    why, reason_day = reason_to_enroll(certified, person, day)
    # A rule that renews asks again for each certificate that ended; another one asks once.
    occasion = certified.until.isoformat() if certified and version.renewal else ""
    return Verdict(ActionKind.ENROLL, why, reason_day, due_on=due_day_of(version, person, day), occasion=occasion)


def reason_to_enroll(certified: Certified | None, person: PersonFacts, day: date) -> tuple[RuleReason, date | None]:
    if certified:
        withdrawn = certified.until == date.min
        return (RuleReason.WAS_WITHDRAWN, None) if withdrawn else (RuleReason.HAS_LAPSED, certified.until)
    return (RuleReason.STARTS_TODAY if person.first_day == day else RuleReason.NEVER_LEARNED), None


def renewal_of(version, certified: Certified, day: date) -> Verdict:
    if not version.renewal:
        return Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED)
    opens_on = opening(version, certified, day)
    is_short = version.renewal == version.Renewal.SHORT and not certified.is_outside
    if opens_on is None or day < opens_on:
        return Verdict(ActionKind.LEAVE, RuleReason.IS_CERTIFIED, is_short=is_short, opens_on=opens_on)
    if version.renewal_days is not None:
        until = certified.until
        occasion = until.isoformat()
        return Verdict(ActionKind.RENEW, RuleReason.ENDS_SOON, until, until, occasion, is_short, counts_from=until)
    due_on = min(certified.until, due_of_yearly(version, day) or certified.until)
    return Verdict(ActionKind.RENEW, RuleReason.EACH_YEAR, opens_on, due_on, f"yearly {opens_on.isoformat()}", is_short)


def opening(version, certified: Certified, day: date) -> date | None:
    """Return the day on which the renewal opens; it may be before `day`. None if there is no such day."""
    if version.renewal_days is None:
        return next(yearly_days(version, certified, day), None)
    if certified.until == date.max:
        return None  # it has no end
    return certified.until - timedelta(days=version.renewal_days)


def yearly_days(version, certified: Certified, day: date) -> Iterator[date]:
    """Yield dates of a yearly renewal: the last one up to `day`, and later ones, at most 3 years ahead. All are after
    the certification began, and not before the rule applies.
    """
    after = max(certified.since + timedelta(days=1), version.acts_since)
    for year in range(max(day.year - 1, MINYEAR), min(day.year + 3, MAXYEAR)):
        on = day_in(year, version.renewal_month, version.renewal_day)
        following = day_in(year + 1, version.renewal_month, version.renewal_day)
        if on >= after and following > day:
            yield on


def day_in(year: int, month: int, day: int) -> date:
    """Return the date; if the month has no such day, its last day."""
    return min(date(year, month, 1) + timedelta(days=day - 1), last_of_month(year, month))


def last_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def due_day_of(version, person: PersonFacts, day: date) -> date:
    """Return the due date of a person enrolled on `day`. If a due date counted from the first day of work or from
    joining has passed, the days count from `day`. A fixed date (Due.DATE) is returned even if it has passed.
    """
    if version.due == version.Due.DATE:
        return version.due_on
    if version.due == version.Due.QUARTER:
        return end_of_quarter(day)
    begins = {version.Due.AFTER_START: person.first_day, version.Due.AFTER_JOINING: person.joined_on}
    first, days = begins.get(version.due, day), timedelta(days=version.due_days)
    return first + days if first + days >= day else day + days


def due_of_yearly(version, day: date) -> date | None:
    """Return the due date of a yearly renewal that opens on `day`; None without a quarter or days in the version."""
    if version.due == version.Due.QUARTER:
        return end_of_quarter(day)
    return day + timedelta(days=version.due_days) if version.due_days is not None else None


def end_of_quarter(day: date) -> date:
    return last_of_month(day.year, (day.month + 2) // 3 * 3)
