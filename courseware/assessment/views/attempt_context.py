"""Helpers shared by the pages of an exam attempt: load the attempt, question URL, practice sets."""

from django.http import Http404
from django.urls import reverse

from courseware.assessment.exams import practice_sets
from courseware.assessment.models import ExamAttempt
from courseware.learning.learner_context import own_enrollments
from courseware.lib.db.compiled_query import CompiledQuery

OWN_ATTEMPTS = CompiledQuery(
    lambda pk, learner: ExamAttempt.objects.filter(pk=pk, enrollment__learner=learner).with_release().order_by()
)


def own_attempt(request, pk) -> ExamAttempt:
    """Return the user's attempt (id) in a published course, with its release and enrollment, or raise Http404."""
    attempts = OWN_ATTEMPTS(pk=pk, learner=request.user.pk)
    enrollments = own_enrollments(request, pk=attempts[0].enrollment_id) if attempts else []
    if not enrollments:
        raise Http404(pk)
    attempts[0].enrollment = enrollments[0]
    return attempts[0]


def question_address(pk, position):
    return f"{reverse('assessment:attempt', args=[pk])}?question={position}"


def shown_practice_sets(attempt, outline):
    """Return (rule as HTML, practice set) for each practice set of the attempt, complete or not."""
    return [(outline.objective(each.rule), each) for each in practice_sets.practice_sets_of(attempt)]
