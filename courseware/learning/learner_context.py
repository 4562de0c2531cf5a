"""The learner's own enrollments, and what every page of a course is made from."""

from dataclasses import dataclass
from functools import cached_property

from django.http import Http404
from django.utils.translation import get_language

from courseware.accounts.security.sessions import TIME_ZONE
from courseware.content.models import Release
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import Progress, own_outline, progress_of
from courseware.lib.db.compiled_query import CompiledQuery


@dataclass(frozen=True)
class LearnerContext:
    """One learner in one course, now. Everything but the enrollment is loaded on first use."""

    enrollment: Enrollment

    @property
    def course_id(self) -> str:
        return self.enrollment.course.identifier

    @property
    def release(self) -> Release:
        return self.enrollment.release

    @cached_property
    def outline(self) -> Outline:
        # In the course's own language if it is not released in that of the page.
        return own_outline(self.enrollment, get_language())

    @property
    def language(self) -> str:
        return self.outline.language

    @cached_property
    def progress(self) -> Progress:
        return progress_of(self.enrollment, self.outline)

    def step(self, step_id: str, *kinds: str) -> Step:
        """The step with this id, of one of these kinds (of any if none is given). Raises Http404."""
        try:
            step = self.outline.step(step_id)
        except KeyError:
            raise Http404(step_id) from None
        if kinds and step.kind not in kinds:
            raise Http404(step_id)
        return step

    def page(self, document_id: str) -> PageData:
        return store.page(self.release, document_id, self.language)


def learner_context_of(request, course_id) -> LearnerContext:
    # Chosen here: asked for a course by its id, SQLite goes through everybody's enrollments in it.
    runs = [enrollment for enrollment in own_enrollments(request) if enrollment.course.identifier == course_id]
    if not runs:
        raise Http404(course_id)
    return LearnerContext(runs[-1])


def published(learner, **which):
    found = Enrollment.objects.filter(learner=learner, course__current__isnull=False, **which)
    return found.with_release().order_by("is_newest", "pk")


PUBLISHED = CompiledQuery(published)


def own_enrollments(request, **which) -> list[Enrollment]:
    """The user's enrollments in published courses, newest last, with release, learner and zone."""
    enrollments = PUBLISHED(learner=request.user.pk, **which)
    for enrollment in enrollments:
        enrollment.learner, enrollment.zone_name = request.user, request.session[TIME_ZONE]
    return enrollments


def own_contexts(request) -> list[LearnerContext]:
    return [LearnerContext(enrollment) for enrollment in reversed(own_enrollments(request)) if enrollment.is_newest]
