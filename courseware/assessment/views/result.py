"""Result page of an exam attempt or a pre-test (/attempts/<pk>/result/)."""

from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language

from courseware.assessment.exams.eligibility import eligibility_of
from courseware.assessment.exams.pre_post_test import pre_post_test_of
from courseware.assessment.exams.result_page import modules_to_practise, result_of, topics_of
from courseware.assessment.models import Certificate
from courseware.assessment.views.attempt_context import own_attempt, shown_practice_sets
from courseware.content.rendering import store
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.course_rendering import render_in_course
from courseware.learning.status.progress import own_outline
from courseware.lib.web.page_views import page_view


@page_view()
def result(request, pk):
    attempt = own_attempt(request, pk)
    if not attempt.submitted_at:
        return redirect("assessment:attempt", pk)
    if attempt.is_pre_check:
        return pre_post_test(request, attempt)
    enrollment, exam = attempt.enrollment, attempt.exam.identifier
    current = enrollment.release
    then, now = store.outline(attempt.release, get_language()), own_outline(enrollment, get_language())
    page = store.page(attempt.release, exam, get_language())
    is_there = now.find(exam) is not None
    eligibility = eligibility_of(enrollment, now, store.page(current, exam, get_language())) if is_there else None
    practice_sets = shown_practice_sets(attempt, then)
    again = [now.step(step) for step in (*eligibility.lessons, *eligibility.simulations)] if eligibility else []
    certificate = certificate_of(enrollment)
    is_arrival = attempt.is_passed and has_just_arrived(enrollment, certificate)
    context = {
        "attempt": attempt,
        "exam": then.step(exam),
        "is_there": is_there,
        "result": result_of(attempt, page, then, now),
        "eligibility": eligibility,
        "again": again,
        "again_minutes": sum(step.repeat_minutes for step in again),
        "practice_sets": practice_sets,
        # An exam that was removed from the course blocks no completion.
        "is_held": is_there and not all(practice_set.is_done for _rule, practice_set in practice_sets),
        "point": pre_post_test_of(enrollment, now),
        "pre_check": now.find(now.pre_check_id),
        "survey": now.find(now.survey_id),
        "certificate": certificate,
        "is_arrival": is_arrival,
        "topics": topics_in(enrollment, now.pre_check_id) if is_arrival and now.pre_check_id else (),
    }
    return render_in_course(request, LearnerContext(enrollment), "assessment/result.html", context, outline=then)


def pre_post_test(request, attempt):
    learner_context = LearnerContext(attempt.enrollment)
    outline = store.outline(attempt.release, get_language())
    topics = topics_in(attempt.enrollment, attempt.exam.identifier)
    tests = pre_post_test_of(learner_context.enrollment, outline)
    is_there = learner_context.outline.pre_check_id == attempt.exam.identifier
    context = {
        "attempt": attempt,
        "step": outline.step(attempt.exam.identifier),
        "point": tests,
        "topics": topics,
        "steady": sum(topic.was_steady for topic in topics),
        "modules": modules_to_practise(topics),
        "is_there": is_there,
        "has_second": is_there or tests.after is not None,
        "next": learner_context.progress.next_step,
        "first_lesson": learner_context.outline.first_lesson,
        "certificate": certificate_of(attempt.enrollment),
    }
    return render_in_course(request, learner_context, "assessment/pre_post_test.html", context, outline=outline)


def topics_in(enrollment, pre_check):
    """Return the topics of a pre-test (identifier), or () if not submitted. Runs at most three queries."""
    attempts = enrollment.attempts.filter(exam__identifier=pre_check, pass_mark=None).submitted().with_release()
    return topics_of(list(attempts), get_language())


def has_just_arrived(enrollment, certificate):
    """Return whether the course was completed today (learner's zone); False if `certificate` is None or revoked."""
    if certificate is None or certificate.revoked_at:
        return False
    zone = enrollment.zone
    return timezone.localdate(enrollment.completed_at, zone) == timezone.localdate(timezone=zone)


def certificate_of(enrollment):
    return Certificate.objects.filter(enrollment=enrollment).first() if enrollment.completed_at else None
