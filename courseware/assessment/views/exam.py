"""Start page of an exam or pre-test (/exam/<course>/<exam>/)."""

from datetime import timedelta

from django.shortcuts import redirect

from courseware.assessment.exams import attempts as attempting
from courseware.assessment.exams.eligibility import eligibility_of
from courseware.assessment.exams.exam_rules import duration, questions_in, retake_terms
from courseware.assessment.exams.grading import points_needed
from courseware.assessment.views.attempt_context import shown_practice_sets
from courseware.content.rendering import store
from courseware.course_format.parsing.metadata import attempts_in_a_row
from courseware.learning.learner_context import learner_context_of
from courseware.learning.lessons.course_rendering import render_in_course
from courseware.lib.web.page_views import page_view, post_view


@page_view()
def exam(request, course, exam):
    learner_context = learner_context_of(request, course)
    step = learner_context.step(exam, "exam", "pre-check")
    page = learner_context.page(exam)
    attempts = list(learner_context.enrollment.attempts.filter(exam=page.document_id).with_release())
    for attempt in attempts:
        attempt.enrollment = learner_context.enrollment
    open_attempt = next((attempt for attempt in attempts if not attempt.submitted_at), None)
    # An open attempt shows the rules of its release.
    terms = store.page(open_attempt.release, exam, learner_context.language) if open_attempt else page
    context = {
        "step": step,
        "page": page,
        "terms": terms,
        "eligibility": eligibility_of(learner_context.enrollment, learner_context.outline, page),
        "attempts": [attempt for attempt in attempts if attempt.submitted_at],
        "under_way": open_attempt,
        "over": attempting.why_over(open_attempt) if open_attempt else "",
        "max_points": questions_in(terms),
    }
    if step.kind == "pre-check":
        return pre_check(request, learner_context, context)
    return exam_page(request, learner_context, context)


def pre_check(request, learner_context, context):
    open_attempt, attempts = context["under_way"], context["attempts"]
    if open_attempt and not context["over"]:
        return redirect("assessment:attempt", open_attempt.pk)
    if attempts:
        return redirect("assessment:result", attempts[-1].pk)
    if open_attempt and not open_attempt.has_answers():
        context |= {"under_way": None, "over": ""}  # there is nothing to submit
    context |= {"next": learner_context.progress.next_step, "first_lesson": learner_context.outline.first_lesson}
    return render_in_course(request, learner_context, "assessment/pre_test.html", context)


def exam_page(request, learner_context, context):
    page, terms, attempts, max_points = (context[name] for name in ("page", "terms", "attempts", "max_points"))
    passed = next((attempt for attempt in attempts if attempt.is_passed), None)
    context |= {
        "lessons": [learner_context.outline.step(lesson) for lesson in context["eligibility"].lessons],
        "simulations": [learner_context.outline.step(simulation) for simulation in context["eligibility"].simulations],
        "passed": passed,
        "practice_sets": shown_practice_sets(passed, learner_context.outline) if passed else [],
        "best": max(attempts, key=lambda attempt: attempt.points, default=None),
        "allowed": attempts_in_a_row(page.data["retakes"]),
        "retakes": list(retake_terms(page, learner_context.outline)),
        "reopens": duration(page.data["reopens"]),
        "needed": points_needed(max_points, terms.data["pass_mark"]),
        "time_limit": minutes_of(context["under_way"], request.user, terms),
    }
    return render_in_course(request, learner_context, "assessment/exam.html", context)


def minutes_of(open_attempt, person, terms):
    """Return minutes of `open_attempt`, or if None of the next attempt, whose page is `terms`; 0 without limit."""
    if open_attempt:
        return (
            (open_attempt.closes_at - open_attempt.started_at) // timedelta(minutes=1) if open_attempt.closes_at else 0
        )
    return (person.time_for(terms.data["time_limit"] or 0) or 0) // 60


@post_view("assessment:exam")
def start(request, course, exam):
    learner_context = learner_context_of(request, course)
    learner_context.step(exam, "exam", "pre-check")
    try:
        attempt = attempting.start(learner_context.enrollment, exam)
    except attempting.NotEligible:
        return redirect("assessment:exam", course, exam)  # it shows why, and from when
    return redirect("assessment:attempt", attempt.pk)
