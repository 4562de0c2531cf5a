"""Execution of assignment rules, a batch of people at a time."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courseware.accounts.models import User, time_zones
from courseware.assessment.models import ExamAttempt, Response
from courseware.assignments.models import RuleAction
from courseware.assignments.rules.plan import Intent, acting_rules, plan, version_of
from courseware.assignments.rules.scope import ActionKind
from courseware.audit_log.record import NewEvent, record_many
from courseware.content.models import ASKS_TO_REREAD, Course, ReleaseEntry
from courseware.content.rendering.store import Outline, outline
from courseware.jobs.schedule import Daily, schedule
from courseware.jobs.tasks import task
from courseware.learning.emails.enrollment import queue_enrollment_email
from courseware.learning.enrollments.creation import begin_many, enrolled
from courseware.learning.enrollments.enrollment import EnrollmentClosed, exempt
from courseware.learning.models import Completion, Enrollment, zone_named
from courseware.lib import dates
from courseware.lib.db.chunks import batches
from courseware.simulations.models import SimulationAttempt


def short_lists(people: Collection[int], course: Course) -> dict[int, list[str]]:
    """Return person id → ids of documents to repeat, in course order. People (`people`: ids) who are missing in the
    result repeat the whole course. Six queries.
    """
    if not people or course.current is None:
        return {}
    course_outline = outline(course.current, course.source_language)
    # When a release with an impact last changed each document.
    entries = ReleaseEntry.objects.filter(release__course=course, impact__in=ASKS_TO_REREAD)
    changed = dict(entries.order_by("release__number").values_list("document__identifier", "release__created_at"))
    done = last_done(people, course)
    missed, worst = missed_objectives(people, course), worst_simulations(people, course_outline, course)
    lists = {}
    for person in people:
        wanted = {course_outline.exam_id, worst.get(person), *map(course_outline.objective_lessons.get, missed[person])}
        wanted |= {lesson for lesson in course_outline.required_lessons if is_to_repeat(lesson, done[person], changed)}
        lists[person] = [step.id for step in course_outline.steps if step.id in wanted]
    return {person: wanted for person, wanted in lists.items() if wanted}


def is_to_repeat(lesson: str, done: Mapping[str, datetime], changed: Mapping[str, datetime]) -> bool:
    """Return whether `lesson` is not in `done` (id → completion), or is later in `changed` (id → last change)."""
    return lesson not in done or (lesson in changed and done[lesson] < changed[lesson])


def last_done(people: Collection[int], course: Course) -> defaultdict[int, dict[str, datetime]]:
    """Return person id → document id → last completion in any enrollment. `people`: ids. Runs one query."""
    done: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    own = Completion.objects.filter(enrollment__learner__in=people, enrollment__course=course).order_by()
    last = own.values_list("enrollment__learner", "document__identifier").annotate(last=Max("completed_at"))
    for person, document, at in last:
        done[person][document] = at
    return done


def missed_objectives(people: Collection[int], course: Course) -> defaultdict[int, set[str]]:
    """Return person id → ids of objectives missed in the exam attempt passed last. `people`: ids. Runs two queries."""
    passed = ExamAttempt.objects.filter(enrollment__learner__in=people, enrollment__course=course, is_passed=True)
    last = dict(passed.order_by("submitted_at").values_list("enrollment__learner", "pk"))
    missed: defaultdict[int, set[str]] = defaultdict(set)
    found = Response.objects.filter(attempt__in=last.values(), is_right=False).order_by()
    for person, objective in found.values_list("attempt__enrollment__learner", "objective"):
        missed[person].add(objective)
    return missed


def worst_simulations(people: Collection[int], course_outline: Outline, course: Course) -> dict[int, str]:
    """Return person id → id of the simulation with the lowest best result (first of equals); missing: none finished."""
    simulations = [step.id for step in course_outline.steps if step.kind == "simulation" and not step.waited]
    positions = {simulation: position for position, simulation in enumerate(simulations)}
    attempts = (
        SimulationAttempt.objects.on_record()
        .finished()
        .filter(enrollment__learner__in=people, enrollment__course=course)
    )
    best: defaultdict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for attempt in attempts.select_related("simulation", "enrollment"):
        played, simulation = best[attempt.enrollment.learner_id], attempt.simulation.identifier
        if simulation in positions:
            played[simulation] = max(played.get(simulation, attempt.worth), attempt.worth)
    return {
        person: min(played, key=lambda simulation: (played[simulation], positions[simulation]))
        for person, played in best.items()
        if played
    }


BATCH = 50  # people per transaction, to keep locks short


def register() -> None:
    schedule("apply-rules", gettext_lazy("Enroll people in courses by assignment rules"), act, Daily(time(4, 40)))


def act(day: date | None = None, *, rule: int | None = None) -> str:
    """Execute the active rules on `day` (default: today); with `rule` (id), only actions in which this rule takes part.
    Return a summary as text.
    """
    done: Counter[str] = Counter()
    day = day or dates.site_day()
    wanted = dict.fromkeys(each.person for each in plan(list(acting_rules()), day) if is_to_be_done(each, rule))
    for people in batches(wanted, BATCH):
        done += act_on(people, day, rule=rule)
    return ", ".join(f"{kind}: {number}" for kind, number in sorted(done.items()))


@task
def run_rules_soon(rule: int | None = None) -> None:
    act(rule=rule)


def is_to_be_done(intent: Intent, rule: int | None) -> bool:
    return intent.is_action and (rule is None or intent.is_by(rule))


def act_on(people: Collection[int], day: date, *, rule: int | None = None, at: datetime | None = None) -> Counter[str]:
    """Execute the rules for these people (ids). `rule`: as in `act`. Return action → number."""
    at = at or timezone.now()
    done, to_exempt = create_enrollments(people, day, rule, at)
    for person in to_exempt:  # one by one: the learner may hold the lock
        try:
            done += exempt_person(person, day, rule, at)
        except (EnrollmentClosed, Enrollment.DoesNotExist):
            continue  # completed at the same moment
    return done


@transaction.atomic
def create_enrollments(
    people: Collection[int], day: date, rule: int | None, at: datetime
) -> tuple[Counter[str], list[int]]:
    """Enroll people (ids), open renewals, send emails. Return (action → number, ids to exempt). `rule`: as in `act`."""
    intents = asked_now(people, day, rule)
    by_course: dict[int, dict[int, Intent]] = defaultdict(dict)
    for intent in intents:
        if intent.kind is not ActionKind.EXEMPT:
            by_course[intent.course][intent.person] = intent
    created = []
    # Lock all at once, by id and before counting, in the same order as account merges.
    Enrollment.objects.hold_newest({(person, course) for course, wanted in by_course.items() for person in wanted})
    for wanted in by_course.values():
        course = next(iter(wanted.values())).first.rule.course
        created += [(wanted[enrollment.learner_id], enrollment) for enrollment in enrollments_for(wanted, course, at)]
    note(created, at)
    queue_enrollment_email((enrollment for _intent, enrollment in created), by=None)
    record_many(asked_for(intent, enrollment) for intent, enrollment in created)
    to_exempt = [intent.person for intent in intents if intent.kind is ActionKind.EXEMPT]
    return Counter(intent.kind.value for intent, _run in created), to_exempt


def asked_now(people: Collection[int], day: date, rule: int | None) -> list[Intent]:
    """Lock the rules, and return the intents to execute for these people (ids). `rule`: as in `act`."""
    rules = list(acting_rules().select_for_update(of=("self",), no_key=True).order_by("pk"))
    return [intent for intent in plan(rules, day, people) if is_to_be_done(intent, rule)]


def enrollments_for(wanted: Mapping[int, Intent], course: Course, at: datetime) -> list[Enrollment]:
    """Create and return enrollments, except where another transaction just did. `wanted`: person id → intent."""
    lists = short_lists([person for person, intent in wanted.items() if intent.is_short], course)
    people = User.objects.filter(pk__in=wanted).annotate(zone_name=Subquery(time_zones(learner=OuterRef("pk"))))
    dues = {person: due_at(wanted[person.pk], person.zone_name) for person in people.order_by("pk")}
    enrollments = Enrollment.objects.newest().filter(learner__in=wanted, course=course)
    again = set(enrollments.values_list("learner", flat=True))
    again |= {
        person for person, intent in wanted.items() if intent.kind is ActionKind.RENEW
    }  # also after external training
    new = begin_many({person: due for person, due in dues.items() if person.pk not in again}, course, at)
    for person, due in dues.items():
        if person.pk in again:
            counts_from, required = wanted[person.pk].counts_from, lists.get(person.pk)
            fields = {"due_at": due, "enrolled_at": at, "renews_until": counts_from, "required": required}
            enrollment, is_new = Enrollment.objects.open().get_or_create(learner=person, course=course, defaults=fields)
            new += [enrollment] if is_new else []
    return new


def due_at(intent: Intent, zone_name: str | None) -> datetime | None:
    return dates.due_instant(intent.due_on, zone_named(zone_name)) if intent.due_on else None


def asked_for(intent: Intent, enrollment: Enrollment) -> NewEvent:
    event = enrolled(enrollment, None)
    return replace(event, data={**event.data, "rules": [opinion.rule.pk for opinion in intent.by]})


def note(done: Iterable[tuple[Intent, Enrollment]], at: datetime) -> None:
    """Store an action for each rule behind an intent. `done`: (intent, its enrollment) pairs."""
    RuleAction.objects.bulk_create(
        RuleAction(
            rule=opinion.rule,
            version=version_of(opinion.rule),
            person_id=intent.person,
            enrollment=enrollment,
            kind=intent.kind.value,
            occasion=opinion.verdict.occasion,
            why=opinion.verdict.why,
            why_day=opinion.verdict.day,
            due_on=intent.due_on,
            at=at,
        )
        for intent, enrollment in done
        for opinion in intent.by
    )


@transaction.atomic
def exempt_person(person: int, day: date, rule: int | None, at: datetime) -> Counter[str]:
    """Exempt the person (id) in courses where the rules exempt. `rule`: see `act`. Return action → number. Raise
    EnrollmentClosed or Enrollment.DoesNotExist.
    """
    intents = [intent for intent in asked_now([person], day, rule) if intent.kind is ActionKind.EXEMPT]
    for intent in intents:
        enrollment = Enrollment.objects.open().get(learner=person, course=intent.course)
        note([(intent, enrollment)], at)
        with translation.override(enrollment.learner.language or settings.LANGUAGE_CODE):
            reason = _("No longer matches the rule “%(rule)s”.") % {"rule": intent.first.rule}
        exempt(enrollment, reason, by=None, at=at)
    return Counter(intent.kind.value for intent in intents)
