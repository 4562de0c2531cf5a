"""Where the pages of an exam stand, and whose attempt a page is about."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from courseware.assessment import drilling
from courseware.assessment.models import Attempt
from courseware.learning.access import own_enrollments


def own_attempt(request, pk) -> Attempt:
    """The user's attempt, with its release and its enrollment. Raises Http404."""
    attempt = get_object_or_404(Attempt.objects.filter(enrollment__learner=request.user).with_release(), pk=pk)
    found = own_enrollments(request, pk=attempt.enrollment_id)
    if not found:
        raise Http404(pk)
    attempt.enrollment = found[0]
    return attempt


def exam_address(course, exam):
    return reverse("assessment:exam", args=[course, exam])


def attempt_address(pk):
    return reverse("assessment:attempt", args=[pk])


def question_address(pk, position):
    return f"{attempt_address(pk)}?question={position}"


def drill_address(pk, rule):
    return reverse("assessment:drill", args=[pk, rule])


def shown_drills(attempt, outline):
    """(what the rule says, as HTML; the drill) for each that the attempt owes or owed."""
    return [(outline.objective(drill.rule), drill) for drill in drilling.drills_of(attempt)]
