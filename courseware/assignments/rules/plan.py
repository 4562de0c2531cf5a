"""Plan and preview, without writing, what assignment rules do on a day."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.working_days import Calendar, calendars_of_people
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import roles as offices
from courseware.assessment.models import Certification
from courseware.assignments.models import AssignmentRule, RuleAction, RuleVersion
from courseware.assignments.rules.scope import (
    ActionKind,
    Because,
    Certified,
    CurrentEnrollment,
    PersonFacts,
    Verdict,
    verdict,
)
from courseware.learning.due_dates.due_dates import RuleDay, day_for
from courseware.learning.manager_actions.certified import EndCertified
from courseware.learning.models import AdjustmentItem, Enrollment
from courseware.lib import dates

CHUNK = 500  # people whose facts are in memory at once
OF_HR = User.groups.through.objects.filter(user=OuterRef("pk"), group__name=offices.HR)
BY_HAND = ExpressionWrapper(
    Q(is_staff=True) | Q(is_superuser=True) | Q(audits_until__isnull=False) | Exists(OF_HR),
    output_field=BooleanField(),
)


@dataclass(frozen=True)
class Opinion:
    rule: AssignmentRule
    verdict: Verdict


@dataclass(frozen=True)
class Intent:
    """What the rules `by` do to a person in a course (ids). `others`: the other rules. `due`: earliest due date."""

    person: int
    course: int
    kind: ActionKind
    by: tuple[Opinion, ...]
    others: tuple[Opinion, ...] = ()
    due: RuleDay | None = None

    @property
    def due_on(self) -> date | None:
        return self.due.day if self.due else None

    @property
    def is_short(self) -> bool:
        return all(opinion.verdict.is_short for opinion in self.by)

    @property
    def counts_from(self) -> date | None:
        """End of the certificate that a renewal continues, or None."""
        return next((each.verdict.counts_from for each in self.by if each.verdict.counts_from), None)

    @property
    def is_action(self) -> bool:
        return self.kind in (ActionKind.ENROLL, ActionKind.RENEW, ActionKind.EXEMPT)

    @property
    def first(self) -> Opinion:
        """The opinion with the earliest due date, else of a rule that covers the person."""
        return min(self.by or self.others, key=order_of)

    def of(self, rule: int) -> Verdict | None:
        """Return the verdict of this rule (id), or None."""
        return next((each.verdict for each in (*self.by, *self.others) if each.rule.pk == rule), None)

    def is_by(self, rule: int) -> bool:
        return any(opinion.rule.pk == rule for opinion in self.by)


def order_of(opinion: Opinion) -> tuple[date, bool, int]:
    return opinion.verdict.due_on or date.max, opinion.verdict.kind is ActionKind.OUTSIDE, opinion.rule.pk


def earliest_due(opinions: Iterable[Opinion], calendar: Calendar, day: date) -> RuleDay | None:
    asked = min((each.verdict.due_on for each in opinions if each.verdict.due_on), default=None)
    return day_for(asked, calendar, earliest=day) if asked else None


def decide(person: int, course: int, opinions: Sequence[Opinion], calendar: Calendar, day: date) -> Intent:
    """Return what the rules do to the person in the course (ids). `opinions`: of all active rules about the course."""
    opinions = sorted(opinions, key=lambda opinion: opinion.rule.pk)
    for kind in (ActionKind.ENROLL, ActionKind.RENEW, ActionKind.EXEMPT):
        by = tuple(opinion for opinion in opinions if opinion.verdict.kind is kind)
        others = tuple(opinion for opinion in opinions if opinion.verdict.kind is not kind)
        # Another rule that covers the person prevents an exemption.
        if by and (kind is not ActionKind.EXEMPT or all(other.verdict.kind is ActionKind.OUTSIDE for other in others)):
            return Intent(person, course, kind, by, others, earliest_due(by, calendar, day))
    is_about = any(opinion.verdict.kind is ActionKind.LEAVE for opinion in opinions)
    return Intent(person, course, ActionKind.LEAVE if is_about else ActionKind.OUTSIDE, (), tuple(opinions))


def version_of(rule: AssignmentRule) -> RuleVersion:
    """Return the current version. Raise RuleVersion.DoesNotExist if there is none yet."""
    if rule.current is None:  # only while the rule is being created
        raise RuleVersion.DoesNotExist(f"rule {rule.pk} says nothing")
    return rule.current


def acting_rules() -> QuerySet[AssignmentRule]:
    """Return a queryset of active rules, without those whose team was closed."""
    has_its_team = Q(current__team=None) | Q(current__team__name__isnull=False)
    return AssignmentRule.objects.filter(has_its_team, switched_on_at__isnull=False).select_related("current", "course")


def plan(rules: Collection[AssignmentRule], day: date, people: Iterable[int] | None = None) -> Iterator[Intent]:
    """Yield an intent, also without action, for each active person (`people`: ids; None: all) and course of `rules`.
    Only `rules` count, whether they are on or off.
    """
    by_course: dict[int, list[AssignmentRule]] = defaultdict(list)
    for rule in rules:
        by_course[rule.course_id].append(rule)
    for chunk in chunks_of_people(people) if rules else ():
        calendars = calendars_of_people([person.pk for person in chunk])
        for person in facts_of(chunk, rules):
            for course, about in sorted(by_course.items()):
                opinions = [Opinion(rule, verdict(version_of(rule), rule.pk, course, person, day)) for rule in about]
                yield decide(person.key, course, opinions, calendars[person.key], day)


def is_large_company() -> bool:
    """Return whether there are more than CHUNK active people."""
    return User.objects.filter(is_active=True).order_by("pk")[CHUNK : CHUNK + 1].exists()


def chunks_of_people(people: Iterable[int] | None) -> Iterator[Sequence[User]]:
    """Yield lists of active people, by id. `people`: ids, all in one list; None: everybody, in lists of CHUNK."""
    active = User.objects.filter(is_active=True).order_by("pk")
    active = active.only("job_role", "starts_on", "leaves_on", "joined_at")
    active = active.annotate(is_exempt_by_hand=BY_HAND)
    if people is not None:
        yield list(active.filter(pk__in=people))
        return
    last = 0
    while chunk := list(active.filter(pk__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


def facts_of(people: Sequence[User], rules: Collection[AssignmentRule]) -> Iterator[PersonFacts]:
    """Yield the facts that `rules` need about `people`, which are from `chunks_of_people`."""
    keys = [person.pk for person in people]
    courses = {rule.course_id for rule in rules} | {version.other_course_id for version in map(version_of, rules)}
    roles, certificates = roles_of(keys), certificates_of(keys, courses)
    occasions, rules_behind = actions_of(keys, rules)
    enrollments = enrollments_of(keys, courses, rules_behind)
    for person in people:
        yield PersonFacts(
            key=person.pk,
            joined_on=dates.site_day(person.joined_at),
            starts_on=person.starts_on,
            leaves_on=person.leaves_on,
            job_role=person.job_role,
            roles=frozenset(roles[person.pk]),
            runs=enrollments[person.pk],
            certificates=certificates[person.pk],
            occasions=frozenset(occasions[person.pk]),
            is_exempt_by_hand=person.is_exempt_by_hand,  # type: ignore[attr-defined]  # annotated
        )


def roles_of(people: Collection[int]) -> defaultdict[int, set[tuple[int, str]]]:
    """Return person id → (team id, role) pairs of the person's teams and of all teams above. `people`: ids."""
    roles: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    found = Membership.objects.filter(person__in=people).order_by()
    for person, team, above, role in found.values_list("person", "team", "team__ancestors", "role"):
        roles[person] |= {(int(each), role) for each in f"{above}{team}".split("/") if each}
    return roles


def certificates_of(people: Collection[int], courses: Collection[int | None]) -> defaultdict[int, dict[int, Certified]]:
    """Return person id → course id → longest certification. `people`, `courses`: ids."""
    certificates: defaultdict[int, dict[int, Certified]] = defaultdict(dict)
    found = Certification.objects.filter(learner__in=people, course__in=courses)
    since = ("certificate__issued_at", "outside__trained_on")
    for person, course, issued_at, trained_on, until in found.values_list(
        "learner", "course", *since, "certified_until"
    ):
        certificates[person][course] = Certified(trained_on or dates.site_day(issued_at), until, bool(trained_on))
    return certificates


def actions_of(people: Collection[int], rules: Collection[AssignmentRule]):
    """Return defaultdicts: person id → (rule id, occasion) already handled, enrollment id → ids of creating rules."""
    occasions, rules_behind = defaultdict(set), defaultdict(set)
    # Include actions for a merged account: its enrollment belongs to this person now.
    whose = Coalesce("enrollment__learner", "person")
    found = RuleAction.objects.filter(Q(person__in=people) | Q(enrollment__learner__in=people))
    found = found.filter(Q(undone_at=None) | Q(is_final=True), rule__in=[rule.pk for rule in rules])
    columns = ("whose", "rule", "occasion", "kind", "enrollment", "undone_at")
    for person, rule, occasion, kind, enrollment, undone_at in found.annotate(whose=whose).values_list(*columns):
        occasions[person].add((rule, occasion))
        if kind != RuleAction.Kind.EXEMPT and undone_at is None:
            rules_behind[enrollment].add(rule)
    return occasions, rules_behind


def enrollments_of(
    people: Collection[int], courses: Collection[int | None], rules_behind
) -> defaultdict[int, dict[int, CurrentEnrollment]]:
    """Return person id → course id → current enrollment. `rules_behind`: the second defaultdict of `actions_of`."""
    enrollments: defaultdict[int, dict[int, CurrentEnrollment]] = defaultdict(dict)
    items = AdjustmentItem.objects.filter(enrollment=OuterRef("pk"), undone_at=None)
    is_certified = Exists(items.filter(adjustment__kind=EndCertified.kind))  # ended because certified, not exempt
    found = Enrollment.objects.newest().filter(learner__in=people, course__in=courses).order_by()
    columns = ("pk", "learner", "course", "completed_at", "exempted_at", "is_certified")
    for pk, person, course, done, exempted, ended in found.annotate(is_certified=is_certified).values_list(*columns):
        is_open = done is None and exempted is None
        is_exempt = bool(exempted) and not done and not ended
        enrollments[person][course] = CurrentEnrollment(pk, is_open, is_exempt, frozenset(rules_behind[pk]))
    return enrollments


AHEAD = timedelta(days=60)  # renewals that open within this time are shown
SHOWN = 50  # names per group
REASONS = 20  # shown at most, of reasons why people are not affected
KIND_LABELS = {
    ActionKind.ENROLL: _("is enrolled"),
    ActionKind.RENEW: _("a renewal opens"),
    ActionKind.EXEMPT: _("is exempt"),
}
SHORT = _("a short renewal opens")


@dataclass(frozen=True)
class ActionGroup:
    """People with the same action for the same reason. `others`: further rules with this action."""

    kind: ActionKind
    because: Because
    due: RuleDay | None = None
    is_short: bool = False
    opens_on: date | None = None
    others: tuple[AssignmentRule, ...] = ()

    @property
    def words(self) -> str:
        return str(SHORT if self.is_short else KIND_LABELS[self.kind])


@dataclass
class RulePreview:
    """`acts`, `coming` (renewals within AHEAD): group → person ids. `left`, `outside`: reason → number of people."""

    rule: AssignmentRule
    day: date
    acts: dict[ActionGroup, list[int]] = field(default_factory=lambda: defaultdict(list))
    coming: dict[ActionGroup, list[int]] = field(default_factory=lambda: defaultdict(list))
    left: Counter[Because] = field(default_factory=Counter)
    outside: Counter[Because] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        return sum(map(len, self.acts.values()))

    @property
    def left_rows(self) -> list[tuple[Because, int]]:
        return self.left.most_common(REASONS)

    @property
    def outside_rows(self) -> list[tuple[Because, int]]:
        return self.outside.most_common(REASONS)

    @property
    def digest(self) -> str:
        """Checksum of the date and of `acts`: people, actions and due dates."""
        lines = sorted(
            f"{person} {group.kind} {group.due and group.due.day} {group.is_short}"
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
                found[group.due.day][str(_("due date"))] += len(people)
        for group, people in self.coming.items():
            if group.opens_on:
                found[group.opens_on][group.words] += len(people)
        return [(day, list(happening.items())) for day, happening in sorted(found.items())]


def preview_rule(rule: AssignmentRule, day: date) -> RulePreview:
    """Return what the rule would do on `day` if it were on, beside the other active rules."""
    others = [other for other in acting_rules().filter(course=rule.course_id) if other.pk != rule.pk]
    preview = RulePreview(rule, day)
    for intent in plan([*others, rule], day):
        take(preview, intent)
    return preview


def preview_change(rule: AssignmentRule, version: RuleVersion, day: date) -> RulePreview:
    """Return what the rule would do on `day` with the unsaved `version`."""
    changed = copy(rule)
    changed.current = version
    return preview_rule(changed, day)


def preview_all(day: date) -> list[RulePreview]:
    rules = list(acting_rules())
    previews = {rule.pk: RulePreview(rule, day) for rule in rules}
    for intent in plan(rules, day):
        for rule in rules:
            if rule.course_id == intent.course:
                take(previews[rule.pk], intent)
    return list(previews.values())


def take(preview: RulePreview, intent: Intent) -> None:
    """Add the intent to the preview; do nothing if it is about another course than the rule of the preview."""
    verdict = intent.of(preview.rule.pk)
    if verdict is None:
        return
    because = Because(verdict.why, verdict.day)
    if intent.is_by(preview.rule.pk):
        others = tuple(each.rule for each in intent.by if each.rule.pk != preview.rule.pk)
        group = ActionGroup(intent.kind, because, intent.due, intent.is_short, others=others)
        preview.acts[group].append(intent.person)
    elif verdict.kind is ActionKind.OUTSIDE:
        preview.outside[because] += 1
    elif verdict.opens_on and verdict.opens_on <= preview.day + AHEAD:
        group = ActionGroup(ActionKind.RENEW, because, is_short=verdict.is_short, opens_on=verdict.opens_on)
        preview.coming[group].append(intent.person)
    else:
        preview.left[because] += 1


def names_of(people: Iterable[Collection[int]]) -> dict[int, str]:
    """Return person id → name, of the first SHOWN ids of each group. `people`: groups of person ids."""
    keys = [key for group in people for key in list(group)[:SHOWN]]
    return dict(User.objects.filter(pk__in=keys).values_list("pk", "name"))
