"""/exam/<course>/<exam>/: the page before the start of an exam or pre-check."""

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
    reading = learner_context_of(request, course)
    step = reading.step(exam, "exam", "pre-check")
    page = reading.page(exam)
    attempts = list(reading.enrollment.attempts.filter(exam=page.document_id).with_release())
    for attempt in attempts:
        attempt.enrollment = reading.enrollment
    under_way = next((attempt for attempt in attempts if not attempt.submitted_at), None)
    # An open attempt shows the terms it began with.
    terms = store.page(under_way.release, exam, reading.language) if under_way else page
    context = {
        "step": step,
        "page": page,
        "terms": terms,
        "eligibility": eligibility_of(reading.enrollment, reading.outline, page),
        "attempts": [attempt for attempt in attempts if attempt.submitted_at],
        "under_way": under_way,
        "over": attempting.why_over(under_way) if under_way else "",
        "max_points": questions_in(terms),
    }
    if step.kind == "pre-check":
        return pre_check(request, reading, context)
    return exam_page(request, reading, context)


def pre_check(request, reading, context):
    under_way, attempts = context["under_way"], context["attempts"]
    if under_way and not context["over"]:
        return redirect("assessment:attempt", under_way.pk)
    if attempts:
        return redirect("assessment:result", attempts[-1].pk)
    if under_way and not under_way.has_answers():
        context |= {"under_way": None, "over": ""}  # there is nothing to hand in
    context |= {"next": reading.progress.next_step, "first_lesson": reading.outline.first_lesson}
    return render_in_course(request, reading, "assessment/pre_test.html", context)


def exam_page(request, reading, context):
    page, terms, attempts, max_points = (context[name] for name in ("page", "terms", "attempts", "max_points"))
    passed = next((attempt for attempt in attempts if attempt.is_passed), None)
    context |= {
        "lessons": [reading.outline.step(lesson) for lesson in context["eligibility"].lessons],
        "simulations": [reading.outline.step(simulation) for simulation in context["eligibility"].simulations],
        "passed": passed,
        "drills": shown_practice_sets(passed, reading.outline) if passed else [],
        "best": max(attempts, key=lambda attempt: attempt.points, default=None),
        "allowed": attempts_in_a_row(page.data["retakes"]),
        "retakes": list(retake_terms(page, reading.outline)),
        "reopens": duration(page.data["reopens"]),
        "needed": points_needed(max_points, terms.data["pass_mark"]),
        "time_limit": minutes_of(context["under_way"], request.user, terms),
    }
    return render_in_course(request, reading, "assessment/exam.html", context)


def minutes_of(under_way, person, terms):
    """Minutes of the person's clock, rounded down; 0 without a limit."""
    if under_way:
        return (under_way.closes_at - under_way.started_at) // timedelta(minutes=1) if under_way.closes_at else 0
    return (person.time_for(terms.data["time_limit"] or 0) or 0) // 60


@post_view("assessment:exam")
def start(request, course, exam):
    reading = learner_context_of(request, course)
    reading.step(exam, "exam", "pre-check")
    try:
        attempt = attempting.start(reading.enrollment, exam)
    except attempting.NotYet:
        return redirect("assessment:exam", course, exam)  # which says why, and from when
    return redirect("assessment:attempt", attempt.pk)
