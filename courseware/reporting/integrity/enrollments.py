"""Integrity checks of enrollments, headcounts, teams and follow-ups. Each yields a line for each difference."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Subquery

from courseware.accounts.models import AccountMerge, Team
from courseware.assessment.models import ExamAttempt, PracticeAnswer
from courseware.assignments.models import FollowUp, FollowUpAnswers
from courseware.learning.enrollments.newest import MergedEnrollment, superseded_ids
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.models import (
    AdjustmentItem,
    Answer,
    ChangeAcknowledgement,
    Completion,
    Enrollment,
    ExtensionRequest,
)
from courseware.learning.status import headcount_updates
from courseware.lib.disclosure import STEP
from courseware.simulations.models import SimulationAttempt


def enrollments() -> Iterator[str]:
    """Yield messages about wrong start, activity or manual due date, and completion without any completed step."""

    def of_facts(model, field, aggregate, enrollment="enrollment", **filters):
        facts = model.objects.filter(**{enrollment: OuterRef("pk")}, **filters).order_by().values(enrollment)
        return Subquery(facts.annotate(found=aggregate(field)).values("found"))

    days_given = AdjustmentItem.objects.filter(
        adjustment__kind=Extend.kind, enrollment=OuterRef("pk"), made_at__isnull=False, undone_at=None
    )
    found = Enrollment.objects.annotate(
        first_answer=of_facts(Answer, "answered_at", Min),
        last_answer=of_facts(Answer, "answered_at", Max),
        first_completion=of_facts(Completion, "completed_at", Min),
        last_completion=of_facts(Completion, "completed_at", Max),
        first_attempt=of_facts(ExamAttempt, "started_at", Min),
        last_attempt=of_facts(ExamAttempt, "submitted_at", Max),
        first_run=of_facts(SimulationAttempt, "started_at", Min, what_if_of=None),
        last_run=of_facts(SimulationAttempt, "finished_at", Max, what_if_of=None),
        last_change=of_facts(ChangeAcknowledgement, "seen_at", Max),
        last_practice=of_facts(PracticeAnswer, "answered_at", Max, "attempt__enrollment"),
        given_at=Subquery(days_given.order_by("-pk").values("made_at")[:1]),
    )
    for enrollment in found.order_by("pk").iterator():
        yield from times_of(enrollment)
        if enrollment.due_given_at != enrollment.given_at:
            yield f"enrollment {enrollment.pk}: due_given_at differs from that of the latest manual due date"
        if enrollment.completed_at and enrollment.last_completion is None:
            yield f"enrollment {enrollment.pk}: is completed, but none of its documents is"


def times_of(enrollment) -> Iterator[str]:
    facts = vars(enrollment)
    firsts = (facts[f"first_{fact}"] for fact in ("answer", "completion", "attempt", "run"))
    lasts = (facts[f"last_{fact}"] for fact in ("answer", "completion", "attempt", "practice", "run", "change"))
    first = min(filter(None, firsts), default=None)
    last = max(filter(None, lasts), default=None)
    # Only whether it started is compared: a clock set back may make a later fact the earliest.
    if (enrollment.started_at is None) != (first is None):
        yield f"enrollment {enrollment.pk}: started_at {enrollment.started_at}, first fact {first}"
    if last and (enrollment.last_active_at is None or enrollment.last_active_at < last):
        yield f"enrollment {enrollment.pk}: last_active_at {enrollment.last_active_at}, last fact {last}"


def newest_enrollments() -> Iterator[str]:
    """Yield messages about wrong `is_newest`: it marks the last enrollment that no merge superseded, if any."""
    superseded = superseded_ids()
    others = Enrollment.objects.filter(learner=OuterRef("learner"), course=OuterRef("course")).exclude(
        pk__in=superseded
    )
    later = others.filter(pk__gt=OuterRef("pk"))
    every = Enrollment.objects.order_by("pk").values_list("pk", flat=True)
    counted = every.exclude(pk__in=superseded)
    for pk in counted.filter(Exists(later), is_newest=True):
        yield f"enrollment {pk}: is stored as the newest enrollment, but a later one exists"
    for pk in counted.filter(~Exists(later), is_newest=False):
        yield f"enrollment {pk}: is the newest enrollment, but is not stored as that"
    for pk in every.filter(Exists(others), pk__in=superseded, is_newest=True):
        yield f"enrollment {pk}: is stored as the newest enrollment, but a merge superseded it"


def merged_enrollments() -> Iterator[str]:
    """Yield messages about transferred enrollments in the wrong account, and about enrollments of merged accounts."""
    items = MergedEnrollment.objects.select_related("merge", "enrollment").order_by("pk")
    for item in items.filter(is_transferred=True, merge__undone_at=None).exclude(enrollment__learner=F("merge__kept")):
        yield f"enrollment {item.enrollment_id}: is of person {item.merge.kept_id} by merge {item.merge_id}"
    again = items.in_force().filter(enrollment=OuterRef("enrollment"), is_transferred=True)
    undone = items.filter(is_transferred=True).exclude(merge__undone_at=None).filter(~Exists(again))
    for item in undone.exclude(enrollment__learner=F("merge__other")):
        yield f"enrollment {item.enrollment_id}: is of person {item.merge.other_id}, as merge {item.merge_id} is undone"
    for merge in AccountMerge.objects.in_force().order_by("pk"):
        for pk in Enrollment.objects.filter(learner=merge.other_id).order_by("pk").values_list("pk", flat=True):
            yield f"enrollment {pk}: of person {merge.other_id}, who is an alias of person {merge.kept_id}"


def approved_extensions() -> Iterator[str]:
    """Yield messages about approved extension requests without an adjustment of the same time by the same person."""
    items = AdjustmentItem.objects.filter(
        adjustment=OuterRef("adjustment"),
        adjustment__kind=Extend.kind,
        adjustment__made_by=OuterRef("ended_by"),
        enrollment=OuterRef("enrollment"),
        made_at=OuterRef("ended_at"),
    )
    answered = ExtensionRequest.objects.exclude(adjustment=None).filter(~Exists(items))
    for pk in answered.order_by("pk").values_list("pk", flat=True):
        yield f"extension request {pk}: its enrollment has not the due date that answers it"


def team_ancestors() -> Iterator[str]:
    """Yield messages about teams whose `ancestors` differs from their parents."""
    teams = Team.objects.in_bulk()
    for team in teams.values():
        above: list[int] = []
        parent = team.parent_id
        while parent is not None and parent not in above:  # ends if teams form a cycle
            above.insert(0, parent)
            parent = teams[parent].parent_id
        ancestors = "/" + "".join(f"{key}/" for key in above)
        if team.ancestors != ancestors:
            yield f"team {team.pk}: path {team.ancestors} as stored, {ancestors} by the teams above it"


def headcounts() -> Iterator[str]:
    """Yield messages about stored headcounts that differ from the enrollments."""
    for team in headcount_updates.all_team_ids():
        for key, number in headcount_updates.missing(team).items():
            text = f"{key.urgency:%Y-%m-%d}, {'started' if key.has_started else 'not started'}"
            if key.certified_until:
                text += f", certified until {key.certified_until}"
            group = f"team {team}" if team else "the company"
            yield f"{group}, course {key.course_id}: {number:+} people with {text} in its totals"


def follow_ups() -> Iterator[str]:
    """Yield messages about surveys with more or fewer answers than answered follow-ups, answers not shown in steps of
    5, and follow-ups of enrollments that are not completed.
    """
    answered = FollowUp.objects.filter(is_answered=True).order_by().values_list("survey").annotate(Count("pk"))
    stored = FollowUpAnswers.objects.order_by().values_list("survey").annotate(Count("pk"))
    numbers, answers = dict(answered), dict(stored)
    for key in sorted(numbers.keys() | answers.keys()):
        if numbers.get(key, 0) != answers.get(key, 0):
            yield (
                f"document {key}: answered about {numbers.get(key, 0)} people, but answers exist from "
                f"{answers.get(key, 0)} forms"
            )
    early = FollowUp.objects.filter(enrollment__completed_at=None).order_by("pk")
    for pk in early.values_list("pk", flat=True):
        yield f"follow-up {pk}: of an enrollment that is not completed"
    shown = FollowUpAnswers.objects.exclude(team=None).order_by().values_list("survey", "team", "shown_from")
    for key, team, day, number in shown.annotate(number=Count("pk")).order_by("survey", "team", "shown_from"):
        if number % STEP:
            yield f"document {key}: {number} answers of team {team} are shown from {day} on, but not {STEP} at a time"
