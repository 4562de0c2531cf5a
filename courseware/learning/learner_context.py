"""Learner context: the current user's enrollments, and the data shared by all pages of a course."""

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
    """An enrollment with its release, outline, language and progress, loaded on first use."""

    enrollment: Enrollment

    @property
    def course_id(self) -> str:
        return self.enrollment.course.identifier

    @property
    def release(self) -> Release:
        return self.enrollment.release

    @cached_property
    def outline(self) -> Outline:
        # In the source language if the course is not released in the language of the page.
        return own_outline(self.enrollment, get_language())

    @property
    def language(self) -> str:
        return self.outline.language

    @cached_property
    def progress(self) -> Progress:
        return progress_of(self.enrollment, self.outline)

    def step(self, step_id: str, *kinds: str) -> Step:
        """Return a step of the outline. `kinds`: allowed kinds; none: any. Raise `Http404` if there is no such step."""
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
    """Return the context of the user's newest enrollment in the published course (identifier). Raise `Http404`."""
    # Filtered in Python: with a condition on the course, SQLite would scan all its enrollments.
    enrollments = [enrollment for enrollment in own_enrollments(request) if enrollment.course.identifier == course_id]
    if not enrollments:
        raise Http404(course_id)
    return LearnerContext(enrollments[-1])


def published(learner, **conditions):
    found = Enrollment.objects.filter(learner=learner, course__current__isnull=False, **conditions)
    return found.with_release().order_by("is_newest", "pk")


PUBLISHED = CompiledQuery(published)


def own_enrollments(request, **conditions) -> list[Enrollment]:
    """Return the user's enrollments in published courses that match `conditions` (field lookups), the newest of each
    course after its earlier ones. Release, learner and time zone are loaded. Runs one query.
    """
    enrollments = PUBLISHED(learner=request.user.pk, **conditions)
    for enrollment in enrollments:
        enrollment.learner, enrollment.zone_name = request.user, request.session[TIME_ZONE]
    return enrollments


def current_contexts(request) -> list[LearnerContext]:
    """Return a context for the newest enrollment in each published course of the user, the latest first."""
    return [LearnerContext(enrollment) for enrollment in reversed(own_enrollments(request)) if enrollment.is_newest]
