"""What a rule would do on a day, for those who decide about it: whom, why, by when. Nothing is written."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.assignments.fitting import Because, Deed
from courseware.assignments.models import AssignmentRule, RuleVersion
from courseware.assignments.planning import Intent, acting_rules, plan
from courseware.learning.due import RuleDay

AHEAD = timedelta(days=60)  # renewals that open by then are shown with their day
SHOWN = 50  # names of a group
REASONS = 20  # shown of why somebody is left alone
DEEDS = {Deed.ENROLL: _("is enrolled"), Deed.RENEW: _("a renewal opens"), Deed.EXCUSE: _("is excused")}
SHORT = _("a short renewal opens")


@dataclass(frozen=True)
class Alike:
    """People to whom the same happens for the same reason. `others` are rules that are about them as well."""

    deed: Deed
    because: Because
    due: RuleDay | None = None
    is_short: bool = False
    opens_on: date | None = None
    others: tuple[AssignmentRule, ...] = ()

    @property
    def words(self) -> str:
        return str(SHORT if self.is_short else DEEDS[self.deed])


@dataclass
class RuleRehearsal:
    """`acts`, and `coming` (renewals within two months): group → keys of people. `left`, `outside`: reason → number."""

    rule: AssignmentRule
    day: date
    acts: dict[Alike, list[int]] = field(default_factory=lambda: defaultdict(list))
    coming: dict[Alike, list[int]] = field(default_factory=lambda: defaultdict(list))
    left: Counter[Because] = field(default_factory=Counter)
    outside: Counter[Because] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        return sum(map(len, self.acts.values()))

    @property
    def left_lines(self) -> list[tuple[Because, int]]:
        return self.left.most_common(REASONS)

    @property
    def outside_lines(self) -> list[tuple[Because, int]]:
        return self.outside.most_common(REASONS)

    @property
    def digest(self) -> str:
        """Of what would be done: it differs as soon as something has changed for one of these people."""
        lines = sorted(
            f"{person} {group.deed} {group.due and group.due.day} {group.is_short}"
            for group, people in self.acts.items()
            for person in people
        )
        return hashlib.sha256("\n".join([str(self.day), *lines]).encode()).hexdigest()

    @cached_property
    def days(self) -> list[tuple[date, list[tuple[str, int]]]]:
        found: dict[date, Counter[str]] = defaultdict(Counter)
        for group, people in self.acts.items():
            found[self.day][group.words] += len(people)
            if group.due:
                found[group.due.day][str(_("due day"))] += len(people)
        for group, people in self.coming.items():
            if group.opens_on:
                found[group.opens_on][group.words] += len(people)
        return [(day, list(happening.items())) for day, happening in sorted(found.items())]


def rehearse_rule(rule: AssignmentRule, day: date) -> RuleRehearsal:
    """As if the rule were on, beside those that are."""
    others = [other for other in acting_rules().filter(course=rule.course_id) if other.pk != rule.pk]
    rehearsal = RuleRehearsal(rule, day)
    for intent in plan([*others, rule], day):
        take(rehearsal, intent)
    return rehearsal


def rehearse_change(rule: AssignmentRule, version: RuleVersion, day: date) -> RuleRehearsal:
    """As if the rule, which is on, said the unsaved `version`: what the change would bring."""
    changed = copy(rule)
    changed.current = version
    return rehearse_rule(changed, day)


def rehearse_all(day: date) -> list[RuleRehearsal]:
    rules = list(acting_rules())
    rehearsals = {rule.pk: RuleRehearsal(rule, day) for rule in rules}
    for intent in plan(rules, day):
        for rule in rules:
            if rule.course_id == intent.course:
                take(rehearsals[rule.pk], intent)
    return list(rehearsals.values())


def take(rehearsal: RuleRehearsal, intent: Intent) -> None:
    verdict = intent.of(rehearsal.rule.pk)
    if verdict is None:
        return
    because = Because(verdict.why, verdict.day)
    if intent.is_by(rehearsal.rule.pk):
        others = tuple(each.rule for each in intent.by if each.rule.pk != rehearsal.rule.pk)
        group = Alike(intent.deed, because, intent.due, intent.is_short, others=others)
        rehearsal.acts[group].append(intent.person)
    elif verdict.deed is Deed.OUTSIDE:
        rehearsal.outside[because] += 1
    elif verdict.opens_on and verdict.opens_on <= rehearsal.day + AHEAD:
        group = Alike(Deed.RENEW, because, is_short=verdict.is_short, opens_on=verdict.opens_on)
        rehearsal.coming[group].append(intent.person)
    else:
        rehearsal.left[because] += 1


def names_of(people: Iterable[Collection[int]]) -> dict[int, str]:
    keys = [key for group in people for key in list(group)[:SHOWN]]
    return dict(User.objects.filter(pk__in=keys).values_list("pk", "name"))
