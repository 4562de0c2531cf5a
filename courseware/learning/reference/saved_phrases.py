"""Saved phrases of a learner, grouped by module and lesson."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from courseware.content.rendering import store
from courseware.content.rendering.paragraphs import as_searched, without_ids, without_sources
from courseware.content.rendering.phrases import Phrase
from courseware.content.rendering.store import Outline, OutlineModule, PageData, Step
from courseware.course_format.parsing.chinese import count_characters
from courseware.learning.learner_context import LearnerContext
from courseware.learning.models import (
    PHRASES_OF_LEARNER,
    PHRASES_OF_LESSON,
    Enrollment,
    SavedPhrase,
    SavedPhraseQuerySet,
)
from courseware.learning.reference.search import Wanted, words_wanted

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BookLine:
    key: int
    phrase: Phrase

    @property
    def html(self) -> str:
        return without_ids(without_sources(self.phrase.html))  # ids of several lessons would clash on one page

    @property
    def width(self) -> int:
        """Width in letters; a Chinese character counts twice."""
        return len(self.phrase.searched) + count_characters(self.phrase.searched)


@dataclass(frozen=True)
class BookLesson:
    step: Step
    lines: tuple[BookLine, ...]


@dataclass(frozen=True)
class BookModule:
    module: OutlineModule
    lessons: tuple[BookLesson, ...]


@dataclass(frozen=True)
class PhraseBook:
    """Saved phrases of one course. `gone`: those removed from the course since."""

    outline: Outline
    modules: tuple[BookModule, ...]
    gone: tuple[BookLine, ...]

    @property
    def lines(self) -> list[BookLine]:
        return [line for module in self.modules for lesson in module.lessons for line in lesson.lines] + [*self.gone]


def saved_phrase_list(context: LearnerContext, saved: Iterable[SavedPhrase]) -> PhraseBook:
    """Return the phrases of the course of `context`. `saved`: the learner's phrases in any course, with `document`.
    Runs one query if a phrase has left the course; a phrase that cannot be read is left out.
    """
    course = context.enrollment.course_id
    own = {(row.document.identifier, row.phrase): row for row in saved if row.document.course_id == course}
    here: dict[str, dict[str, BookLine]] = defaultdict(dict)
    for (lesson, key), row in list(own.items()):
        phrases = context.page(lesson).phrases if context.outline.find(lesson) else {}
        if key in phrases:
            here[lesson][key] = BookLine(row.pk, phrases[key])
            del own[lesson, key]
    modules = (book_module(module, context, here) for module in context.outline.modules)
    return PhraseBook(context.outline, tuple(filter(None, modules)), removed_phrases(context, list(own.values())))


def books_of(contexts: Iterable[LearnerContext], saved: Sequence[SavedPhrase]) -> list[PhraseBook]:
    return [book for context in contexts if (book := saved_phrase_list(context, saved)).lines] if saved else []


def own_book(context: LearnerContext) -> PhraseBook:
    return saved_phrase_list(context, PHRASES_OF_LEARNER(learner=context.enrollment.learner_id))


def book_module(
    module: OutlineModule, context: LearnerContext, here: Mapping[str, Mapping[str, BookLine]]
) -> BookModule | None:
    steps = [step for step in module.steps if step.id in here]
    lessons = tuple(BookLesson(step, tuple(in_order(context, step, here[step.id]))) for step in steps)
    return BookModule(module, lessons) if lessons else None


def in_order(context: LearnerContext, step: Step, lines: Mapping[str, BookLine]) -> Iterable[BookLine]:
    return (lines[key] for key in context.page(step.id).phrases if key in lines)


def removed_phrases(context: LearnerContext, rows: Sequence[SavedPhrase]) -> tuple[BookLine, ...]:
    stored = former_phrases({row.revision_id for row in rows}) if rows else {}
    found = []
    for row in rows:
        languages = stored.get(row.revision_id, {})
        phrases = languages.get(context.language) or languages.get(context.enrollment.source_language, {})
        if row.phrase in phrases:
            found.append(BookLine(row.pk, phrases[row.phrase]))
    return tuple(found)


def former_phrases(revisions: set[int]) -> Mapping[int, Mapping[str, Mapping[str, Phrase]]]:
    try:
        return store.phrases_at(revisions)
    except Exception:
        # An earlier release may not fit today's grammar. The page still shows the other phrases.
        logger.exception("revisions %s: their phrases cannot be read", revisions)
        return {}


def lines_with(book: PhraseBook, asked: str) -> list[BookLine]:
    """Return lines that contain every word of `asked`, in themselves or a heading above; without words, all lines."""
    wanted = [Wanted(word) for word in words_wanted(asked)]
    headed = [
        (line, (module.module.title, lesson.step.title))
        for module in book.modules
        for lesson in module.lessons
        for line in lesson.lines
    ]
    headed += [(line, ("", "")) for line in book.gone]
    return [line for line, above in headed if all(word.is_in(searched(line, above)) for word in wanted)]


def searched(line: BookLine, above: Iterable[str]) -> str:
    return "\n".join([line.phrase.searched, *map(as_searched, (line.phrase.under, *above))])


class NoSuchPhrase(Exception):
    """The current lesson has no phrase with this key."""


@transaction.atomic
def save_phrase(enrollment: Enrollment, page: PageData, phrase: str) -> None:
    """Save a phrase (key in `page.phrases`) for the learner, unless saved. Raise `NoSuchPhrase` if not on the page."""
    if phrase not in page.phrases:
        raise NoSuchPhrase(phrase)
    if phrase in PHRASES_OF_LESSON(learner=enrollment.learner_id, document=page.document_id):
        return  # perhaps in an earlier enrollment
    now = {"revision_id": page.revision_id, "saved_at": timezone.now(), "removed_at": None}
    SavedPhrase.objects.update_or_create(
        enrollment=enrollment, document_id=page.document_id, phrase=phrase, defaults=now
    )


def remove_phrase(enrollment: Enrollment, page: PageData, phrase: str) -> None:
    """Remove a saved phrase from all the learner's enrollments, if any. Raise `NoSuchPhrase` if not on the page."""
    if phrase not in page.phrases:
        raise NoSuchPhrase(phrase)
    alike(enrollment.learner_id, page.document_id, phrase).update(removed_at=timezone.now())


def remove_row(row: SavedPhrase) -> None:
    learner = row.enrollment.learner_id
    alike(learner, row.document_id, row.phrase).update(removed_at=timezone.now())


def restore_row(row: SavedPhrase) -> None:
    SavedPhrase.objects.filter(pk=row.pk).update(removed_at=None)


def alike(learner: int, document: int, phrase: str) -> SavedPhraseQuerySet:
    return SavedPhrase.objects.here().of_person(learner).filter(document=document, phrase=phrase)
