"""The learner's first page: a card for each course, with the next step, its due day and the whole route."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import get_language

from courseware.accounts.absences import last_day_away
from courseware.assessment.models import Certificate
from courseware.assessment.outside_records import trainings_of
from courseware.assessment.outside_training import OutsideTraining
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline, OutlineModule, Step
from courseware.journey.next_act import Journey, NextAct, journeys
from courseware.language.documents import display_tag
from courseware.learning.access import Reading, own_enrollments
from courseware.learning.due import Due, due_of
from courseware.learning.lessons import lesson_page
from courseware.learning.models import Enrollment
from courseware.learning.progress import Progress
from courseware.learning.route import Station, stations
from courseware.learning.states import urgency_of
from courseware.lib.dates import site_day


@dataclass(frozen=True)
class NextQuestion:
    """Where somebody stopped in a lesson; `title` is HTML."""

    id: str
    title: str


@dataclass(frozen=True)
class CourseCard:
    """One course of the learner. What only the large card shows is loaded when it is asked for.

    `is_renewed`: the learner has earlier runs of it.
    """

    journey: Journey
    is_renewed: bool = False

    @property
    def enrollment(self) -> Enrollment:
        return self.journey.enrollment

    @property
    def outline(self) -> Outline:
        return self.journey.outline

    @property
    def progress(self) -> Progress:
        return self.journey.progress

    @property
    def act(self) -> NextAct:
        return self.journey.next_act

    @property
    def course(self) -> str:
        return self.outline.course_id

    @property
    def language(self) -> str:
        return display_tag(self.outline.language)

    @cached_property
    def due(self) -> Due | None:
        return due_of(self.enrollment)

    @cached_property
    def certificate(self) -> Certificate | None:
        """Runs a query."""
        return Certificate.objects.filter(enrollment=self.enrollment).first()

    @cached_property
    def earlier_certificate(self) -> Certificate | None:
        # A renewal does not end the certificate of an earlier run.
        if not self.is_renewed:
            return None
        runs = Enrollment.objects.before(self.enrollment).order_by()
        certificates = Certificate.objects.filter(enrollment__in=runs).order_by("-enrollment")
        return next((certificate for certificate in certificates if certificate.is_valid()), None)

    @cached_property
    def outside(self) -> OutsideTraining | None:
        """What was learned elsewhere and is renewed by this run, as long as it is valid. Runs a query in a renewal."""
        if not self.enrollment.renews_until:
            return None
        trainings = trainings_of(self.enrollment.learner, self.enrollment.course_id)
        return next((each for each in trainings if site_day() <= each.certifies_until), None)

    @property
    def module(self) -> OutlineModule | None:
        return self.outline.module(self.act.step.module_id) if self.act.step else None

    @property
    def first_lesson(self) -> Step | None:
        return self.outline.first_lesson

    @property
    def minutes_left(self) -> int:
        return self.outline.minutes_left(self.progress.done)

    @property
    def stations(self) -> tuple[Station, ...]:
        return stations(self.outline, self.progress, self.act.step.id if self.act.step else "")

    @cached_property
    def next_question(self) -> NextQuestion | None:
        """The first question not answered in the next lesson, where another one is. Runs a query."""
        step = self.act.step
        if not step or step.kind != "lesson":
            return None
        lesson = lesson_page(Reading(self.enrollment), step)
        question = lesson.open_question()
        return NextQuestion(question, lesson.questions[question].title) if question and lesson.tries else None


def course_cards(request, chosen: str) -> list[CourseCard]:
    """The user's courses, one card each for the newest run. The first is shown large: `chosen`, a course id, or else
    the most urgent. Runs up to four queries.
    """
    runs, away_until = own_enrollments(request), last_day_away(request.user)
    for enrollment in runs:
        enrollment.away_until = away_until
    newest = {enrollment.course_id: enrollment for enrollment in runs}
    renewed = {enrollment.course_id for enrollment in runs if enrollment != newest[enrollment.course_id]}
    outlines = {course: serving.outline(enrollment.release, get_language()) for course, enrollment in newest.items()}
    cards = [
        CourseCard(journey, is_renewed=journey.enrollment.course_id in renewed)
        for journey in journeys(most_urgent_first(list(newest.values())), outlines)
    ]
    return sorted(cards, key=lambda card: card.course != chosen)


def most_urgent_first(enrollments: list[Enrollment]) -> list[Enrollment]:
    """Sorted as on the board."""
    return sorted(enrollments, key=lambda each: (urgency_of(each), each.enrolled_at))
