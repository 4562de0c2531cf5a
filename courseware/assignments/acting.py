"""Doing what the rules say, a few people at a time. What is done is what `planning.plan` says, asked once more then.

Done again, or by two at once, it comes to the same: the rules are locked for each batch, a person has one open run in a
course, and a rule does a thing once.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from courseware.accounts.models import User, time_zones
from courseware.assignments.fitting import Deed
from courseware.assignments.models import Assignment
from courseware.assignments.planning import Intent, acting_rules, plan, version_of
from courseware.assignments.short_lists import short_lists
from courseware.content.models import Course
from courseware.evidence.recording import NewEvent, record_many
from courseware.jobs.tasks import task
from courseware.learning.beginning import begin_many, enrolled
from courseware.learning.course_letter import tell_enrolled
from courseware.learning.enrolling import EnrollmentClosed, waive
from courseware.learning.models import Enrollment, zone_named
from courseware.lib import dates

BATCH = 50  # people in one transaction, so that nobody else waits longer than that takes


def act(day: date | None = None, *, rule: int | None = None) -> str:
    """What all rules that are on ask for today, or of it only what this one has a part in. Says how many there were."""
    done: Counter[str] = Counter()
    for people in batches(day or dates.site_day(), rule):
        done += act_on(people, day or dates.site_day(), rule=rule)
    return ", ".join(f"{deed}: {number}" for deed, number in sorted(done.items()))


@task
def act_soon(rule: int | None = None) -> None:
    """Enqueued where a rule was switched on, or people came in or moved."""
    act(rule=rule)


def batches(day: date, rule: int | None) -> Iterator[list[int]]:
    """Keys of the people to whom something is to be done."""
    wanted = iter(dict.fromkeys(each.person for each in plan(list(acting_rules()), day) if is_to_be_done(each, rule)))
    while people := list(islice(wanted, BATCH)):
        yield people


def is_to_be_done(intent: Intent, rule: int | None) -> bool:
    return intent.is_act and (rule is None or intent.is_by(rule))


def act_on(people: Collection[int], day: date, *, rule: int | None = None, at: datetime | None = None) -> Counter[str]:
    """What the rules ask for these people, by what they say and by how things are at this moment."""
    at = at or timezone.now()
    done, to_excuse = begin_runs(people, day, rule, at)
    for person in to_excuse:  # one by one: each waits for the enrollment, which its learner may hold
        try:
            done += excuse(person, day, rule, at)
        except (EnrollmentClosed, Enrollment.DoesNotExist):
            continue  # who completes it at this very moment
    return done


@transaction.atomic
def begin_runs(people: Collection[int], day: date, rule: int | None, at: datetime) -> tuple[Counter[str], list[int]]:
    """(how many were enrolled and renewed, keys of those to be excused)."""
    intents = asked_now(people, day, rule)
    by_course: dict[int, dict[int, Intent]] = defaultdict(dict)
    for intent in intents:
        if intent.deed is not Deed.EXCUSE:
            by_course[intent.course][intent.person] = intent
    begun = []
    # At once and by key, before anybody is counted, as a merge of two of these people has them.
    Enrollment.objects.hold_newest({(person, course) for course, wanted in by_course.items() for person in wanted})
    for wanted in by_course.values():
        begun += [(wanted[run.learner_id], run) for run in runs_for(wanted, course_of(wanted), at)]
    note(begun, at)
    tell_enrolled((run for _intent, run in begun), by=None)
    record_many(asked_for(intent, run) for intent, run in begun)
    to_excuse = [intent.person for intent in intents if intent.deed is Deed.EXCUSE]
    return Counter(intent.deed.value for intent, _run in begun), to_excuse


def asked_now(people: Collection[int], day: date, rule: int | None) -> list[Intent]:
    """The rules stay as they are until the transaction ends."""
    rules = list(acting_rules().select_for_update(of=("self",), no_key=True).order_by("pk"))
    return [intent for intent in plan(rules, day, people) if is_to_be_done(intent, rule)]


def course_of(wanted: Mapping[int, Intent]) -> Course:
    return next(iter(wanted.values())).first.rule.course


def runs_for(wanted: Mapping[int, Intent], course: Course, at: datetime) -> list[Enrollment]:
    """New runs; of whoever is being enrolled by somebody else at this very moment there is none."""
    lists = short_lists([person for person, intent in wanted.items() if intent.is_short], course)
    people = User.objects.filter(pk__in=wanted).annotate(zone_name=Subquery(time_zones(learner=OuterRef("pk"))))
    dues = {person: due_at(wanted[person.pk], person.zone_name) for person in people.order_by("pk")}
    runs = Enrollment.objects.newest().filter(learner__in=wanted, course=course)
    again = set(runs.values_list("learner", flat=True))
    again |= {person for person, intent in wanted.items() if intent.deed is Deed.RENEW}  # also of who learned elsewhere
    new = begin_many({person: due for person, due in dues.items() if person.pk not in again}, course, at)
    for person, due in dues.items():
        if person.pk in again:
            counts_from, required = wanted[person.pk].counts_from, lists.get(person.pk)
            fields = {"due_at": due, "enrolled_at": at, "renews_until": counts_from, "required": required}
            run, is_new = Enrollment.objects.open().get_or_create(learner=person, course=course, defaults=fields)
            new += [run] if is_new else []
    return new


def due_at(intent: Intent, zone_name: str | None) -> datetime | None:
    return dates.due_instant(intent.due_on, zone_named(zone_name)) if intent.due_on else None


def asked_for(intent: Intent, run: Enrollment) -> NewEvent:
    event = enrolled(run, None)
    return replace(event, data={**event.data, "rules": [opinion.rule.pk for opinion in intent.by]})


def note(done: Iterable[tuple[Intent, Enrollment]], at: datetime) -> None:
    Assignment.objects.bulk_create(
        Assignment(
            rule=opinion.rule,
            version=version_of(opinion.rule),
            person_id=intent.person,
            enrollment=run,
            deed=intent.deed.value,
            occasion=opinion.verdict.occasion,
            why=opinion.verdict.why,
            why_day=opinion.verdict.day,
            due_on=intent.due_on,
            at=at,
        )
        for intent, run in done
        for opinion in intent.by
    )


@transaction.atomic
def excuse(person: int, day: date, rule: int | None, at: datetime) -> Counter[str]:
    intents = [intent for intent in asked_now([person], day, rule) if intent.deed is Deed.EXCUSE]
    for intent in intents:
        run = Enrollment.objects.open().get(learner=person, course=intent.course)
        note([(intent, run)], at)
        with translation.override(run.learner.language or settings.LANGUAGE_CODE):
            reason = _("Does not fit the rule “%(rule)s” any more.") % {"rule": intent.first.rule}
        waive(run, reason, by=None, at=at)
    return Counter(intent.deed.value for intent in intents)
