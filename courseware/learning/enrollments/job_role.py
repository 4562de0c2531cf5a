"""The learner's post: chosen in the lesson about it, or on a page of its own. Completed lessons stay completed."""

from dataclasses import dataclass

from django.utils.translation import gettext

from courseware.content.rendering.store import Outline
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.forms import JobRoleForm
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import track_of


@dataclass(frozen=True)
class JobRoleChoice:
    """Labels of the post: `chosen` by the learner, or else `known` to the company."""

    form: JobRoleForm
    chosen: str
    known: str


def own_job_role(reading: LearnerContext, sent=None) -> JobRoleChoice:
    enrollment, posts = reading.enrollment, reading.outline.tracks
    form = JobRoleForm(sent, tracks=posts, initial={"track": track_of(enrollment, reading.outline)})
    chosen = posts.get(enrollment.track, "")
    return JobRoleChoice(form, chosen, known="" if chosen else posts.get(enrollment.known_job_role, ""))


def job_role_text(enrollment: Enrollment, outline: Outline) -> str:
    return outline.tracks.get(track_of(enrollment, outline)) or gettext("not chosen")


def choose_job_role(enrollment: Enrollment, form: JobRoleForm) -> None:
    enrollment.track = form.cleaned_data["track"]
    enrollment.save(update_fields=["track"])
