"""Assignment rules of the model."""

from dataclasses import dataclass
from datetime import date, timedelta

from tests.year.model_calendar import end_of_quarter


@dataclass
class Rule:
    """`due`: "start" or "assignment" plus `due_days`, or "quarter". `renewal` is "whole" or "short" and opens
    `renewal_days` before the certificate expires, or on `renewal_on` (month, day) of each year."""

    name: str
    course: str
    acts_since: date
    team: str = "Firm"
    due: str = "start"
    due_days: int | None = None
    renewal: str = ""
    renewal_days: int | None = None
    renewal_on: tuple | None = None
    exempts: bool = False
    other_course: str = ""  # required certificate
    joined_since: date | None = None


@dataclass(frozen=True)
class RuleResult:
    """`action`: enroll, renew, exempt, leave (in scope, no action) or outside (not in scope)."""

    action: str
    rule: Rule
    asked: date | None = None
    occasion: object = ""
    is_short: bool = False
    counts_from: date | None = None


def result_of(company, rule, person, today):
    found = first_result(company, rule, person, today)
    was_done = (rule.name, found.occasion) in person.occasions
    return RuleResult("leave", rule) if found.action in ("enroll", "renew", "exempt") and was_done else found


def first_result(company, rule, person, today):
    run = person.newest(rule.course)
    if today < rule.acts_since:
        return RuleResult("leave", rule)
    if not fits(company, rule, person, today):
        is_its_own = rule.exempts and run and run.is_open and rule.name in run.by
        return RuleResult("exempt", rule, occasion=run.number) if is_its_own else RuleResult("outside", rule)
    has_gone = person.leaves_on and person.leaves_on < today
    if has_gone or person.first_day > today or (run and not run.completed_at):
        return RuleResult("leave", rule)  # is learning or exempt
    proof = person.best(rule.course)
    if proof and proof.until >= today:
        return renewal(rule, proof, today)
    occasion = proof.until if proof and rule.renewal else ""
    return RuleResult("enroll", rule, due_of(rule, person, today), occasion)


def fits(company, rule, person, today):
    if not person.learns or rule.team not in (person.team, company.parents[person.team]):
        return False
    if rule.joined_since and person.first_day < rule.joined_since:
        return False
    other = person.best(rule.other_course)
    return not rule.other_course or bool(other and other.until >= today)


def renewal(rule, proof, today):
    is_short = rule.renewal == "short" and proof.kind == "certificate"
    if rule.renewal_days and today >= proof.until - timedelta(days=rule.renewal_days):
        return RuleResult("renew", rule, proof.until, proof.until, is_short, counts_from=proof.until)
    opens = date(today.year, *rule.renewal_on) if rule.renewal_on else None
    if opens and max(proof.since + timedelta(days=1), rule.acts_since) <= opens <= today:
        return RuleResult("renew", rule, min(proof.until, due_of(rule, None, today)), f"yearly {opens}", is_short)
    return RuleResult("leave", rule)


def due_of(rule, person, today):
    if rule.due == "quarter":
        return end_of_quarter(today)
    days = timedelta(days=rule.due_days)
    first = person.first_day if rule.due == "start" else today
    return first + days if first + days >= today else today + days


def decided(results):
    """Return the results to act on: enroll, else renew, else exempt unless another rule is about the person."""
    for action in ("enroll", "renew"):
        if by := [each for each in results if each.action == action]:
            return by
    by = [each for each in results if each.action == "exempt"]
    return by if all(each.action in ("exempt", "outside") for each in results) else []
