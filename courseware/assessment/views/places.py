"""The addresses of an exam's pages, and the attempt a page is about."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from courseware.assessment import drilling
from courseware.assessment.models import Attempt
from courseware.learning.access import own_enrollments


def own_attempt(request, pk) -> Attempt:
    """With its release and its enrollment. Raises Http404."""
    attempt = get_object_or_404(Attempt.objects.filter(enrollment__learner=request.user).with_release(), pk=pk)
    enrollments = own_enrollments(request, pk=attempt.enrollment_id)
    if not enrollments:
        raise Http404(pk)
    attempt.enrollment = enrollments[0]
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
    """(the rule as HTML, the drill) for each drill that the attempt needs or needed."""
    return [(outline.objective(drill.rule), drill) for drill in drilling.drills_of(attempt)]
