"""What a page of the learner stands on: the own enrollment, the route in the language that is read, how far it is."""

from dataclasses import dataclass
from functools import cached_property

from django.http import Http404
from django.utils.translation import get_language

from courseware.accounts.sessions import TIME_ZONE
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline, PageData, Step
from courseware.content.models import Release
from courseware.learning.models import Enrollment
from courseware.learning.progress import Progress, progress_of


@dataclass(frozen=True)
class Reading:
    """One learner in one course, now. What it offers beyond the enrollment is fetched when it is first asked for."""

    enrollment: Enrollment

    @property
    def course_id(self) -> str:
        return self.enrollment.course.identifier

    @property
    def release(self) -> Release:
        return self.enrollment.release

    @cached_property
    def outline(self) -> Outline:
        """In the language of the page, or in the course's own where it is not written in that."""
        return serving.outline(self.release, get_language())

    @property
    def language(self) -> str:
        return self.outline.language

    @cached_property
    def progress(self) -> Progress:
        return progress_of(self.enrollment, self.outline)

    def step(self, step_id: str, *kinds: str) -> Step:
        """The step with this id, of one of these kinds (any where none is named). Raises Http404."""
        try:
            step = self.outline.step(step_id)
        except KeyError:
            raise Http404(step_id) from None
        if kinds and step.kind not in kinds:
            raise Http404(step_id)
        return step

    def page(self, document_id: str) -> PageData:
        return serving.page(self.release, document_id, self.language)


def reading_of(request, course_id) -> Reading:
    """The newest run of the user through the course, which is the open one where there is one. Raises Http404."""
    found = own_enrollments(request, course__identifier=course_id)
    if not found:
        raise Http404(course_id)
    return Reading(found[-1])


def own_enrollments(request, **which) -> list[Enrollment]:
    """The user's enrollments in courses that are published, the newest last, with what their pages need."""
    found = Enrollment.objects.filter(learner=request.user, course__current__isnull=False, **which)
    enrollments = list(found.with_release().order_by("pk"))
    for enrollment in enrollments:
        enrollment.learner, enrollment.zone_name = request.user, request.session[TIME_ZONE]
    return enrollments
