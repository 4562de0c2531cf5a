"""Pages of the daily question: answer it, choose delivery by email or during the course (/daily/)."""

from django.contrib import messages
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courseware.assessment.daily.answers import answer_daily, answer_of_form, choose, preference_of
from courseware.assessment.daily.panel import daily_panel
from courseware.assessment.daily.selection import daily_of, enrollments_of_person
from courseware.assessment.exams.practice_sets import OtherQuestion
from courseware.assessment.forms import DailyAnswerForm, DailyQuestionPreferenceForm
from courseware.learning.lessons.answers import NoSuchQuestion, QuestionChanged
from courseware.learning.lessons.question_rendering import OtherOrder, raw_response
from courseware.lib.web.page_views import page_view, post_view


@page_view()
def daily(request):
    panel = daily_panel(enrollments_of_person(request.user))
    context = {"daily": panel, "wish": preference_of(request.user), "chosen": chosen_in_email(request, panel)}
    return render(request, "assessment/daily.html", context)


def chosen_in_email(request, panel):
    """Return the choice (as shown) of a link in an email, or None without link or if another question is asked now."""
    is_asked = panel and panel.form and request.GET.get("question") == panel.form.question.id
    if not is_asked or request.GET.get("number") != str(panel.form.number):
        return None
    choices = panel.form.question.choices
    return next((each for each in choices if each.value == request.GET.get("choice")), None)


@post_view("assessment:daily", takes=())
def answer(request):
    form = DailyAnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    sent = form.cleaned_data
    back = reverse("home" if sent["at_home"] else "assessment:daily", fragment="daily")
    try:
        answer_of_form(request.user, sent["token"]) or keep_answer(request, sent)
    except (OtherQuestion, NoSuchQuestion, QuestionChanged):
        message = _(
            "You answered today’s question in another tab, or there is a new question now. Below is the "
            "current question."
        )
        messages.warning(request, message)
    except OtherOrder:
        warning = _("The order of the options changed after you opened this page. Nothing was sent. Choose again.")
        messages.warning(request, warning)
    except ValueError:
        messages.warning(request, _("Choose an answer, then send it."))
    return redirect(back)


def keep_answer(request, sent):
    found = daily_of(enrollments_of_person(request.user), get_language())
    asked = found.asked if found else None
    if asked is None or (asked.number, asked.question_id) != (sent["number"], sent["question"]):
        raise OtherQuestion(sent["question"])
    raw = raw_response(asked.wording.question, asked.enrollment.pk, asked.number - 1, request.POST)
    return answer_daily(request.user, asked, raw, revision=sent["revision"], token=sent["token"])


@post_view("assessment:daily", takes=())
def save_preference(request):
    form = DailyQuestionPreferenceForm(request.POST)
    if form.is_valid():
        choose(request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
    return redirect("assessment:daily")
