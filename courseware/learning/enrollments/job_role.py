"""The learner's job role in a course: form and labels. Completed lessons stay completed if it changes."""

from dataclasses import dataclass

from django.utils.translation import gettext

from courseware.content.rendering.store import Outline
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.forms import JobRoleForm
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import job_role_of


@dataclass(frozen=True)
class JobRoleChoice:
    """Labels of the job role: `chosen` by the learner or ""; if "", `known` as recorded by the company or ""."""

    form: JobRoleForm
    chosen: str
    known: str


def own_job_role(learner_context: LearnerContext, sent=None) -> JobRoleChoice:
    """Return the form and labels of the learner's job role. `sent`: POST data, or None."""
    enrollment, job_roles = learner_context.enrollment, learner_context.outline.tracks
    form = JobRoleForm(sent, tracks=job_roles, initial={"job_role": job_role_of(enrollment, learner_context.outline)})
    chosen = job_roles.get(enrollment.job_role, "")
    return JobRoleChoice(form, chosen, known="" if chosen else job_roles.get(enrollment.known_job_role, ""))


def job_role_text(enrollment: Enrollment, outline: Outline) -> str:
    """Return the label of the learner's job role, or “not chosen” in the current language."""
    return outline.tracks.get(job_role_of(enrollment, outline)) or gettext("not chosen")


def choose_job_role(enrollment: Enrollment, form: JobRoleForm) -> None:
    enrollment.job_role = form.cleaned_data["job_role"]
    enrollment.save(update_fields=["job_role"])
