"""Pages of an exam attempt in progress: questions, saving answers, review, submitting (/attempts/<pk>/)."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courseware.assessment.exams import attempts
from courseware.assessment.exams.attempt_page import AttemptQuestion, as_entered, asked_in, raw_answer
from courseware.assessment.forms import SaveForm
from courseware.assessment.models import RESPONSES_AT
from courseware.assessment.views.attempt_context import own_attempt, question_address
from courseware.content.rendering import store
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.course_rendering import render_in_course
from courseware.lib.web.form_numbers import small_number
from courseware.lib.web.page_views import full_page_redirect, page_view, post_view


@page_view()
def attempt(request, pk):
    attempt = own_attempt(request, pk)
    if attempt.submitted_at:
        return redirect("assessment:result", pk)
    asked = asked_in(attempt, get_language())
    return question_page(request, attempt, asked, wanted(request, asked))


def wanted(request, asked: list[AttemptQuestion]) -> AttemptQuestion:
    position = small_number(request.GET.get("question"))
    if position and position <= len(asked):
        return asked[position - 1]
    return next((each for each in asked if not each.is_answered), asked[-1])


def question_page(request, attempt, asked: list[AttemptQuestion], shown: AttemptQuestion, *, problem="", status=200):
    outline = store.outline(attempt.release, get_language())
    context = {
        "attempt": attempt,
        "exam": outline.step(attempt.exam.identifier),
        "all_asked": asked,
        "asked": shown,
        "page": uuid.uuid4(),
        "problem": problem,
        "over": attempts.why_over(attempt),
        "may_hand_in": not attempt.is_pre_check or any(each.is_answered for each in asked),
    }
    template = "assessment/attempt.html"
    if attempt.is_pre_check and not context["over"]:
        template = "assessment/pre_test_question.html"
        context["first_lesson"] = outline.first_lesson if attempt.number == 1 else None
    return render_in_course(
        request, LearnerContext(attempt.enrollment), template, context, outline=outline, status=status
    )


@post_view(question_address)
def save(request, pk, position):
    attempt = own_attempt(request, pk)
    responses = RESPONSES_AT(attempt=attempt.pk, position=position)
    if not responses:
        raise Http404(position)
    form = SaveForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        raw = raw_answer(attempt, responses[0], request.POST)
        if attempt.is_pre_check and not raw:
            raise ValueError("a button was pressed without a choice")
        attempts.save(attempt, position, raw, **form.cleaned_data)
    except attempts.AttemptClosed:
        return closed(request, attempt)
    except attempts.NewerAnswer:
        return newer(request, attempt, position)
    except ValueError:
        return refused(request, attempt, position)
    if request.htmx:  # an autosave stays on the question
        return live_answer(request, attempt, position)
    return redirect(next_address(attempt, position, request.POST.get("go", "")))


def live_answer(request, attempt, position, *, problem="", status=200):
    asked = asked_in(attempt, get_language())
    context = {"attempt": attempt, "all_asked": asked, "asked": asked[position - 1], "problem": problem}
    with timezone.override(attempt.enrollment.zone):
        return render(request, "assessment/_live.html", context, status=status)


def closed(request, attempt):
    # The attempt was submitted in another tab, or its time is over.
    attempt.refresh_from_db(fields=["submitted_at"])
    if attempt.submitted_at:
        if not attempt.is_pre_check:  # its last button may be pressed twice
            messages.warning(request, _("You already submitted this exam attempt. Here is the result."))
        address = reverse("assessment:result", args=[attempt.pk])
    else:
        address = reverse("assessment:attempt", args=[attempt.pk])  # it shows that the time is over
    return full_page_redirect(request, redirect(address))


def newer(request, attempt, position):
    text = _("You already answered this question in another tab or on another device. That answer is saved; see below.")
    messages.warning(request, text)
    if request.htmx:  # the script drops its answer and reloads the page, which shows the message
        return HttpResponse(status=HTTPStatus.CONFLICT)
    asked = asked_in(attempt, get_language())
    return question_page(request, attempt, asked, asked[position - 1], status=HTTPStatus.CONFLICT)


def refused(request, attempt, position):
    if request.htmx:  # an incomplete answer is not an error yet
        return live_answer(request, attempt, position, problem="incomplete", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    asked = asked_in(attempt, get_language())
    shown = as_entered(asked[position - 1], request.POST)
    return question_page(request, attempt, asked, shown, problem="incomplete", status=HTTPStatus.UNPROCESSABLE_ENTITY)


def next_address(attempt, position, go):
    """Return the URL after question `position`. `go`: "back", "review" or a question number; else the next one."""
    if attempt.is_pre_check:  # it continues with the first open question or the result
        return reverse("assessment:attempt", args=[attempt.pk])
    target = position - 1 if go == "back" else small_number(go) or position + 1
    if go == "review" or target > attempt.max_points:
        return reverse("assessment:review", args=[attempt.pk])
    return question_address(attempt.pk, max(target, 1))


@page_view()
def review(request, pk):
    attempt = own_attempt(request, pk)
    if attempt.submitted_at:
        return redirect("assessment:result", pk)
    if attempt.is_pre_check:
        return redirect("assessment:attempt", pk)
    asked = asked_in(attempt, get_language())
    outline = store.outline(attempt.release, get_language())
    context = {
        "attempt": attempt,
        "exam": outline.step(attempt.exam.identifier),
        "all_asked": asked,
        "open": [each for each in asked if not each.is_answered],
    }
    return render_in_course(
        request, LearnerContext(attempt.enrollment), "assessment/review.html", context, outline=outline
    )


@post_view("assessment:attempt")
def submit(request, pk):
    try:
        attempts.submit(own_attempt(request, pk))
    except attempts.NothingAnswered:
        messages.warning(request, _("Answer at least 1 question, then send your answers."))
        return redirect("assessment:attempt", pk)
    return redirect("assessment:result", pk)
