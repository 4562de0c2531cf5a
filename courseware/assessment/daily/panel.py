"""Panel with the daily question, on the home page and its own page."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language

from courseware.assessment.daily.selection import AskedToday, daily_of
from courseware.assessment.exams.banks import find_page
from courseware.assessment.models import DailyQuestionAnswer
from courseware.content.rendering import store
from courseware.content.rendering.paragraphs import without_sources
from courseware.content.rendering.store import Step
from courseware.course_format.parsing.documents import display_tag
from courseware.course_format.questions.question_types import Question
from courseware.learning.lessons.question_rendering import ShownQuestion, ask, show
from courseware.learning.models import Enrollment


@dataclass(frozen=True)
class DailyForm:
    # They identify the question as the form showed it: see `answers.answer_daily`.
    question: ShownQuestion
    number: int
    revision: int
    token: uuid.UUID
    language: str


@dataclass(frozen=True)
class DailyReasons:
    """Today's answered question. `lesson`: teaches it, None if removed; `section`: its heading there, or ""."""

    question: ShownQuestion
    lesson: Step | None
    section: str
    course: str
    language: str


@dataclass(frozen=True)
class DailyPanel:
    """`form`, or `reasons` of today's answer, or neither until `next_on`. `remembered`: as in `DailyQuestion`."""

    form: DailyForm | None
    reasons: DailyReasons | None
    is_answered: bool
    remembered: int
    next_on: date | None
    language: str

    @property
    def dots(self) -> range:
        return range(self.remembered)


def daily_panel(enrollments: Collection[Enrollment]) -> DailyPanel | None:
    """Return the panel in the active language; None if `daily_of` returns None. `enrollments`: as for `daily_of`."""
    language = get_language() or ""
    daily = daily_of(enrollments, language)
    if daily is None:
        return None
    return DailyPanel(
        form=form_of(daily.asked, language) if daily.asked else None,
        reasons=reasons_of(daily.answered, enrollments, language) if daily.answered else None,
        is_answered=daily.answered is not None,
        remembered=daily.remembered,
        next_on=daily.next_on,
        language=display_tag(language),
    )


def form_of(asked: AskedToday, language: str) -> DailyForm:
    enrollment = asked.enrollment
    return DailyForm(
        question=ask(asked.question, enrollment.pk, asked.number - 1),
        number=asked.number,
        revision=asked.page.revision_id,
        token=uuid.uuid4(),
        language=display_tag(store.outline(enrollment.release, language).language),
    )


def reasons_of(answer: DailyQuestionAnswer, enrollments: Collection[Enrollment], language: str) -> DailyReasons | None:
    """Return today's `answer` (from GIVEN) with its reasons; None if its question or enrollment is gone."""
    enrollment = next((enrollment for enrollment in enrollments if enrollment.course_id == answer.course), None)
    if enrollment is None:
        return None
    outline = store.outline(enrollment.release, language)
    question = question_answered(answer, enrollment, outline.language)
    if question is None:
        return None
    lesson = outline.find(question.lesson or outline.objective_lessons.get(answer.objective, ""))
    shown = show(question.rewritten(without_sources), answer.enrollment_id, [answer], answer.number - 1, reveal=True)
    return DailyReasons(shown, lesson, question.section, outline.course_id, display_tag(outline.language))


def question_answered(answer: DailyQuestionAnswer, enrollment: Enrollment, language: str) -> Question | None:
    """Return the question as it was asked; None if it is gone. `answer`: from `selection.GIVEN`. At most one query."""
    page = find_page(enrollment.release, answer.document_key, language)
    if page and page.revision_id == answer.revision_id:
        return page.questions.get(answer.question)
    asked = store.questions_in(answer.document_id, answer.revision_id, answer.question)
    return asked.get(language) or next(iter(asked.values()), None)
