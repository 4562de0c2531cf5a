"""Pages of a practice set after an exam (/attempts/<pk>/practice/<rule>/)."""

import uuid
from dataclasses import replace
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courseware.assessment.exams import practice_sets
from courseware.assessment.forms import PracticeForm
from courseware.assessment.views.attempt_context import own_attempt
from courseware.content.rendering import store
from courseware.learning.learner_context import LearnerContext
from courseware.learning.lessons.answers import NoSuchQuestion, QuestionChanged
from courseware.learning.lessons.course_rendering import render_in_course
from courseware.learning.lessons.question_rendering import OtherOrder, ask, raw_response
from courseware.learning.lessons.question_rendering import show as shown_after
from courseware.learning.lessons.rate_limits import TooFast
from courseware.lib.web.form_numbers import small_number
from courseware.lib.web.page_views import page_view, post_view


@page_view()
def practice_set(request, pk, rule):
    attempt = own_attempt(request, pk)
    found = practice_sets.practice_set_on(rule, attempt)
    if found is None:
        return redirect("assessment:result", pk)
    # Show this answer with its reasons before the next question.
    number = small_number(request.GET.get("answered"))
    if number and number <= len(found.answers):
        return practice_page(
            request,
            attempt,
            found,
            answered_question(attempt, found, number),
            "assessment/practice_done.html",
        )
    if found.is_done or attempt.enrollment.exempted_at:
        return redirect("assessment:result", pk)
    return practice_page(request, attempt, found, practice_question(attempt, found), "assessment/practice.html")


def practice_question(attempt, found, entered=None):
    asked = practice_sets.next_question(attempt, found, get_language())
    return {
        "question": ask(asked.question, attempt.enrollment_id, asked.number - 1, entered),
        "anchor": "practice",
        "number": asked.number,
        "revision": asked.bank.revision_id,
        "token": uuid.uuid4(),
    }


def answered_question(attempt, found, number):
    # The practice set as of this answer.
    so_far = replace(found, answers=found.answers[:number])
    answer = so_far.answers[-1]
    bank = store.page(answer.release, found.bank, get_language())
    tries = so_far.answers_at(answer.question)
    shown = shown_after(bank.questions[answer.question], attempt.enrollment_id, tries, asked_after=number - 1)
    return {"question": shown, "so_far": so_far, "is_latest": number == len(found.answers)}


def practice_page(request, attempt, found, question, template, *, problem="", status=200):
    outline = store.outline(attempt.enrollment.release, get_language())
    context = {
        "attempt": attempt,
        "practice_set": found,
        "rule": outline.objective(found.rule),
        "others": [
            other for other in practice_sets.practice_sets_of(attempt) if not other.is_done and other.rule != found.rule
        ],
        "card": question,
        "problem": problem,
    }
    return render_in_course(
        request, LearnerContext(attempt.enrollment), template, context, outline=outline, status=status
    )


@post_view("assessment:practice")
def answer_practice(request, pk, rule):
    attempt = own_attempt(request, pk)
    found = practice_sets.practice_set_on(rule, attempt)
    if found is None:
        return redirect("assessment:result", pk)
    form = PracticeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    sent = form.cleaned_data
    try:
        answer = found.sent_by(sent["token"]) or store_practice_answer(attempt, found, sent, request.POST)
    except (practice_sets.OtherQuestion, NoSuchQuestion, QuestionChanged):
        messages.warning(
            request,
            _(
                "You continued the practice set in another tab, or its question was changed. Below is your "
                "current progress."
            ),
        )
        return redirect("assessment:practice", pk, rule)
    except OtherOrder:
        warning = _("The order of the options changed after you opened this page. Nothing was sent. Choose again.")
        messages.warning(request, warning)
        return redirect("assessment:practice", pk, rule)
    except TooFast:
        return practice_again(request, attempt, found, "too fast", HTTPStatus.TOO_MANY_REQUESTS)
    except ValueError:
        return practice_again(request, attempt, found, "incomplete", HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect(reverse("assessment:practice", args=[pk, rule], query={"answered": answer.number}))


def practice_again(request, attempt, found, problem, status):
    question = practice_question(attempt, found, request.POST)
    return practice_page(request, attempt, found, question, "assessment/practice.html", problem=problem, status=status)


def store_practice_answer(attempt, found, sent, fields):
    number, question = sent["number"], sent["question"]
    asked = practice_sets.asked_by(attempt, found, question, number)
    raw = raw_response(asked.question, attempt.enrollment_id, number - 1, fields)
    more = {"number": number, "revision": sent["revision"], "token": sent["token"]}
    return practice_sets.answer(attempt, found.rule, question, raw, **more)
