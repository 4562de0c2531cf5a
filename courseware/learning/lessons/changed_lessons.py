"""Lessons changed after a learner completed them: find, show and acknowledge the changes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from courseware.audit_log.record import record
from courseware.content.models import Document, Release, ReleaseEntry
from courseware.content.releases.changed_sentences import ChangedPassage, changed_passages
from courseware.content.releases.lesson_changes import LessonHistory, SignificantChange, lesson_histories
from courseware.content.rendering import store
from courseware.content.rendering.store import MINUTES_AGAIN, Outline, Step
from courseware.course_format.parsing.chinese import own_half
from courseware.course_format.reading_time import ANNOUNCED, reading_seconds
from courseware.learning.lessons.answer_history import AnswersByQuestion, answers_of_lesson, was_right
from courseware.learning.models import ChangeAcknowledgement, Completion, Enrollment
from courseware.learning.status.completion import UnknownRevision, lock, touch
from courseware.learning.status.not_asked import FILTERED_BY_PAGE, Reason, not_asked_reason
from courseware.learning.status.progress import known_job_role, own_outline
from courseware.lib.db.compiled_query import CompiledQuery

SHOWN_AT_ONCE = 3  # passages


@dataclass(frozen=True)
class LessonChange:
    """A change not acknowledged by a learner. `seen`, `revision`: ids of the revisions last seen (at `seen_at`) and
    released now. `changes`: oldest first, never empty. `check`: ids of questions to answer again; empty if reading is
    enough.
    """

    step: Step
    document: int
    seen: int
    seen_at: datetime
    revision: int
    language: str
    changes: tuple[SignificantChange, ...]
    check: tuple[str, ...]

    @property
    def answers_release(self) -> int:
        return self.changes[-1].release

    @property
    def changed_at(self) -> datetime:
        return self.changes[-1].at

    @property
    def notes(self) -> list[str]:
        notes = (own_half(change.note, self.language) for change in reversed(self.changes))
        return list(dict.fromkeys(note for note in notes if note))

    def on_new_text(self, tries: AnswersByQuestion) -> AnswersByQuestion:
        """Return `tries` without answers to the check that are older than the last change with impact RETAKE."""
        asked = max((each.revision for each in self.changes if each.impact == Release.Impact.RETAKE), default=0)
        return {
            question: [answer for answer in each if question not in self.check or answer.revision_id >= asked]
            for question, each in tries.items()
        }


@dataclass(frozen=True)
class ShownChange:
    """`release`: id of the shown release. `first`: id of the first open question of the check, or "". `more`: number of
    passages hidden. `minutes`: to read the changes and answer the check.
    """

    change: LessonChange
    release: int
    passages: tuple[ChangedPassage, ...]
    more: int
    minutes: float
    first: str = ""


def facts(enrollments: Any, documents: Any) -> QuerySet[Any, Any]:
    """Return rows (enrollment id, document id, columns of `Fact`) of completions and acknowledged changes. Pass ids."""
    own = {"enrollment__pk__in": enrollments, "document__pk__in": documents}
    columns = ("enrollment", "document", "revision")
    reader = (F("enrollment__learner__language"), F("enrollment__job_role"), F("enrollment__learner__job_role"))
    done = Completion.objects.filter(**own).order_by().values_list(*columns, "completed_at", *reader)
    seen = ChangeAcknowledgement.objects.filter(**own).order_by().values_list(*columns, "seen_at", *reader)
    return done.union(seen, all=True)


FACTS = CompiledQuery(facts)


class Fact(NamedTuple):
    revision: int
    at: datetime
    language: str
    job_role: str
    noted_job_role: str  # by the company


def open_changes(enrollments: Collection[Enrollment], outlines: Mapping[int, Outline]) -> dict[int, list[LessonChange]]:
    """Return enrollment id → open changes in course order, not empty. Exempt people and, if loaded `with_away`, absent
    ones have no key. `outlines`: id of each of `enrollments` → outline.
    """
    # Changes also concern people who have completed the course.
    ignoring: set[Reason] = {*FILTERED_BY_PAGE, Enrollment.State.COMPLETED}
    here = [each for each in enrollments if not not_asked_reason(each, ignoring=ignoring)]
    histories = {outlines[each.pk].release: lesson_histories(outlines[each.pk].release) for each in here}
    documents = sorted({document for each in histories.values() for document in each})
    asked = [each.pk for each in here if histories[outlines[each.pk].release]]
    if not asked:
        return {}
    last = last_facts(asked, documents)
    found = {key: list(changes_in(outlines[key], histories[outlines[key].release], last[key])) for key in asked}
    return {key: changes for key, changes in found.items() if changes}


def last_facts(enrollments: list[int], documents: list[int]) -> defaultdict[int, dict[int, Fact]]:
    """Return enrollment id → document id → fact of the highest revision, as a defaultdict. Arguments: ids."""
    last: defaultdict[int, dict[int, Fact]] = defaultdict(dict)
    for enrollment, document, *columns in FACTS(enrollments=enrollments, documents=documents):
        fact = Fact(*columns)
        last[enrollment][document] = max(fact, last[enrollment].get(document, fact))
    return last


def changes_in(
    outline: Outline, histories: Mapping[int, LessonHistory], last: Mapping[int, Fact]
) -> Iterator[LessonChange]:
    documents = {history.identifier: history for history in histories.values()}
    for step in outline.steps:
        history = documents.get(step.id)
        fact = last.get(history.document) if history else None
        if history is None or fact is None:
            continue
        language = fact.language or outline.language
        if changes := history.since(fact.revision, language):
            is_retake = any(change.impact == Release.Impact.RETAKE for change in changes)
            asked = step.check_for(known_job_role(fact.job_role, fact.noted_job_role, outline)) if is_retake else ()
            check = tuple(question.id for question in asked)
            yield LessonChange(
                step, history.document, fact.revision, fact.at, history.revision, language, changes, check
            )


def open_change(enrollment: Enrollment, outline: Outline, step: Step) -> LessonChange | None:
    changes = open_changes([enrollment], {enrollment.pk: outline}).get(enrollment.pk, ())
    return next((change for change in changes if change.step.id == step.id), None)


def as_shown(change: LessonChange, release: Release, tries: AnswersByQuestion | None = None) -> ShownChange:
    passages = changed_passages(change.document, change.seen, release, change.step.id, change.language)
    left = [question for question in change.check if not was_right(question, tries or {})]
    return ShownChange(
        change,
        release.pk,
        passages[:SHOWN_AT_ONCE],
        max(0, len(passages) - SHOWN_AT_ONCE),
        minutes_of(passages) + MINUTES_AGAIN * len(left),
        next(iter(left), ""),
    )


def minutes_of(passages: Iterable[ChangedPassage]) -> float:
    """Return the minutes to read the passages, old and new; at least half a minute."""
    text = "\n".join(piece.text for passage in passages for piece in (*passage.old, *passage.new))
    return max(1, round(reading_seconds(text, ANNOUNCED) / 30)) / 2


def touched_by(documents: Sequence[Document]) -> int:
    """Return the number of people, former ones included, who have completed one of these documents."""
    done = Completion.objects.filter(document__in=documents)
    return done.aggregate(people=Count("enrollment__learner", distinct=True))["people"]


def people_per_document(documents: Sequence[Document]) -> dict[int, int]:
    """Return document id → number of people who have completed it. Only lessons that somebody completed have a key."""
    done = Completion.objects.filter(document__in=documents, document__kind=Document.Kind.LESSON).values("document")
    return dict(done.annotate(people=Count("enrollment__learner", distinct=True)).values_list("document", "people"))


Outcome = ChangeAcknowledgement.Outcome


class CheckRequired(Exception):
    """The check of the lesson must be answered again after the change."""


@transaction.atomic
def acknowledge(enrollment, step, release, *, at=None):
    """Acknowledge changes of the lesson `step` up to the text in `release` (id); without any, do nothing. Raise
    `CheckRequired`, or `UnknownRevision` if the release is of another course or without the lesson.
    """
    enrollment = lock(enrollment)
    shown = ReleaseEntry.objects.filter(
        release=release, release__course=enrollment.course_id, document__identifier=step.id
    ).values_list("revision", flat=True)
    if not shown:
        raise UnknownRevision(release)
    change, at = open_change(enrollment, own_outline(enrollment, get_language()), step), at or timezone.now()
    change = change and up_to(change, shown[0])
    if change and change.check:
        # The open questions may have been archived, or be for another job role.
        page = store.page(enrollment.release, step.id, enrollment.source_language)
        if not settle_check(enrollment, step, page, at):
            raise CheckRequired(step.id)
    elif change:
        keep(enrollment, change, Outcome.READ, at)


def settle_check(enrollment, step, page, at):
    """Acknowledge the change of the lesson if each question of its check has a right answer since; return whether that
    is so. False without a change or a check. Lock the enrollment before.
    """
    change = open_change(enrollment, own_outline(enrollment, get_language()), step)
    if not change or not change.check:
        return False
    tries = change.on_new_text(answers_of_lesson(enrollment, page))
    if not all(was_right(question, tries) for question in change.check):
        return False
    read = max(answer.revision_id for question in change.check for answer in tries[question])
    keep(enrollment, up_to(change, read), Outcome.CHECKED, at)
    return True


def up_to(change: LessonChange, revision: int) -> LessonChange | None:
    """Return the part of the change that the revision with this id contains, or None if it contains no part."""
    changes = tuple(each for each in change.changes if each.revision <= revision)
    return replace(change, changes=changes, revision=revision) if changes else None


def keep(enrollment, change: LessonChange, outcome: Outcome, at) -> None:
    seen = ChangeAcknowledgement.objects.create(
        enrollment=enrollment,
        document_id=change.document,
        release_id=change.answers_release,
        revision_id=change.revision,
        outcome=outcome,
        seen_at=at,
    )
    touch(enrollment, at)
    verb = "change-acknowledged" if outcome == Outcome.READ else "change-checked"
    data = {"change": seen.pk, "document": change.step.id, "release": change.answers_release}
    record(verb, actor=enrollment.learner, subject=enrollment, data=data, at=at)
