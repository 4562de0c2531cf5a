"""The learner's first page: where to go on, by when, and the whole route. One card per course."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import F
from django.utils.translation import get_language

from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline, OutlineModule, PageData, Step
from courseware.learning.due import Due, due_of
from courseware.learning.language import language_tag
from courseware.learning.lessons import lesson_page
from courseware.learning.models import Enrollment
from courseware.learning.progress import Progress, progress_with, recorded_by_enrollment
from courseware.learning.reading import own_enrollments
from courseware.learning.route import Station, minutes_left, stations


@dataclass(frozen=True)
class CourseCard:
    """One course of the learner. What the big card says beyond progress is fetched only where it is asked for.

    `is_renewed`: there were earlier runs.
    """

    enrollment: Enrollment
    outline: Outline
    progress: Progress
    is_renewed: bool = False

    @property
    def course(self) -> str:
        return self.outline.course_id

    @property
    def language(self) -> str:
        return language_tag(self.outline.language)

    @property
    def due(self) -> Due | None:
        return due_of(self.enrollment)

    @property
    def certificate(self):
        """What the room above issued for it; None where it did not. Runs a query."""
        return getattr(self.enrollment, "certificate", None)

    @cached_property
    def earlier_certificate(self):
        """That of an earlier run, while it is valid: a renewal does not end it. Runs a query where there are such."""
        runs = Enrollment.objects.before(self.enrollment).select_related("certificate") if self.is_renewed else ()
        found = (getattr(run, "certificate", None) for run in runs)
        return next((certificate for certificate in found if certificate and certificate.is_valid()), None)

    @cached_property
    def next_step(self) -> Step | None:
        """Where to go on: the drill of a passed exam first, then as `progress` says."""
        return self.outline.step(self.outline.exam_id) if self.is_drill_left else self.progress.next_step

    @property
    def next_module(self) -> OutlineModule | None:
        return self.outline.module(self.next_step.module_id) if self.next_step else None

    @property
    def first_lesson(self) -> Step | None:
        """Where to begin without the pre-check."""
        return next((step for step in self.outline.steps if step.kind == "lesson"), None)

    @cached_property
    def is_drill_left(self) -> bool:
        """Whether the exam is passed and only a drill on a rule that was missed holds it, as the room above keeps it.

        Runs a query while the exam is open and not done.
        """
        exam = self.outline.exam_id
        may_be = self.enrollment.is_open and self.progress.is_exam_open and exam not in self.progress.done
        return may_be and self.enrollment.attempts.has_pass(exam)

    @property
    def minutes_left(self) -> int:
        return minutes_left(self.outline, self.progress)

    @property
    def stations(self) -> tuple[Station, ...]:
        return stations(self.outline, self.progress, self.next_step.id if self.next_step else "")

    @cached_property
    def next_question(self) -> dict[str, str] | None:
        """Id and title of the first question not answered in the next lesson. Runs two queries."""
        if not self.next_step or self.next_step.kind != "lesson":
            return None
        page = serving.page(self.enrollment.course.current, self.next_step.id, self.outline.language)
        return open_question(self, page)


def open_question(card: CourseCard, page: PageData) -> dict[str, str] | None:
    lesson = lesson_page(card.enrollment, card.outline, card.next_step, page, card.progress)
    question = lesson.open_question()
    return {"id": question, "title": lesson.questions[question].title} if question and lesson.tries else None


def course_cards(request, chosen: str) -> list[CourseCard]:
    """The user's courses, one card each (the newest run), the one to be shown large first: `chosen`, a course id,
    else the most urgent. Runs two queries, three where there are several courses.
    """
    runs = own_enrollments(request)
    newest = {enrollment.course_id: enrollment for enrollment in runs}
    renewed = {enrollment.course_id for enrollment in runs if enrollment != newest[enrollment.course_id]}
    recorded = recorded_by_enrollment(newest.values())
    cards = []
    for enrollment in most_urgent_first(list(newest.values())):
        outline = serving.outline(enrollment.course.current, get_language())
        found = recorded[enrollment.pk]
        progress = progress_with(found.done, outline, has_answered=found.has_answered)
        cards.append(CourseCard(enrollment, outline, progress, is_renewed=enrollment.course_id in renewed))
    return sorted(cards, key=lambda card: card.course != chosen)


def most_urgent_first(enrollments: list[Enrollment]) -> list[Enrollment]:
    """As the board sorts: by state, then by due day; without one last. Runs a query where there are several."""
    if len(enrollments) < 2:
        return enrollments
    these = Enrollment.objects.filter(pk__in=[enrollment.pk for enrollment in enrollments]).with_state()
    places = these.order_by("urgency", F("due_at").asc(nulls_last=True), "enrolled_at").values_list("pk", flat=True)
    by_key = {enrollment.pk: enrollment for enrollment in enrollments}
    return [by_key[key] for key in places]
