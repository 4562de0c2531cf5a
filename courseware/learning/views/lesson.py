"""Lessons and surveys: /learn/<course>/<step>/"""

from http import HTTPStatus

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from courseware.accounts.security import cookies
from courseware.learning.enrollments.job_role import choose_job_role, own_job_role
from courseware.learning.learner_context import learner_context_of
from courseware.learning.lessons import answers, feedback
from courseware.learning.lessons.answers import drop_text, store_text
from courseware.learning.lessons.changed_lessons import CheckOwed, say_read
from courseware.learning.lessons.course_rendering import STEP_PAGES, home_address, lesson_address, render_in_course
from courseware.learning.lessons.forms import (
    AnswerForm,
    AutosavedAnswerForm,
    ChangeForm,
    ReadForm,
    ReportForm,
    SurveyForm,
    new_token,
)
from courseware.learning.lessons.lesson_page import Entered, lesson_page
from courseware.learning.lessons.question_rendering import OtherOrder, raw_response
from courseware.learning.lessons.rate_limits import TooFast
from courseware.learning.status import completion
from courseware.learning.status.progress import done_documents
from courseware.learning.status.progress_tracker import place_in, station
from courseware.lib.web.page_views import form_status, form_view, in_background, post_view, posted

WHOLE = "whole_lessons"  # the cookie of who wants to see all of a lesson at once
WHOLE_AGE = 365 * 24 * 60 * 60


@form_view(lesson_address, is_held=False, methods=("GET", "POST"))  # a survey is anonymous
def step(request, course, step):
    reading = learner_context_of(request, course)
    route_step = reading.step(step)
    if route_step.kind == "survey":
        return survey(request, reading, route_step)
    if request.method == "POST":  # only a survey has a form at this address
        return HttpResponseBadRequest()
    if route_step.kind != "lesson":
        return redirect(STEP_PAGES[route_step.kind], course, step)
    return lesson(request, reading, route_step)


def survey(request, reading, step):
    page = reading.page(step.id)
    questions = page.data["questions"]
    is_answered = step.id in done_documents(reading.enrollment)
    form = SurveyForm(posted(request), questions=questions)
    is_changed = form.is_bound and not is_answered and request.POST.get("revision") != str(page.revision_id)
    if not is_changed and form.is_valid():
        signed = form.cleaned_data["signed"]
        try:
            if feedback.answer_survey(reading.enrollment, page, form.answers, is_signed=signed):
                messages.success(request, _("Thank you. Your answers are saved."))
            return redirect("learning:step", reading.course_id, step.id)
        except feedback.SurveyChanged:
            reading, is_changed = learner_context_of(request, reading.course_id), True
            step = reading.step(step.id, "survey")
            page = reading.page(step.id)
            questions = page.data["questions"]
    if is_changed:
        form = SurveyForm(questions=questions, initial=SurveyForm.texts(request.POST, questions))
    module = reading.outline.module(step.module_id)
    context = {
        "step": step,
        "page": page,
        "place": place_in(module, step),
        "form": form,
        "is_answered": is_answered,
        "is_changed": is_changed,
        "station": station(module, reading.progress, step.id),
        "previous": reading.outline.before(step.id),
    }
    status = HTTPStatus.CONFLICT if is_changed else form_status(form)
    return render_in_course(request, reading, "learning/survey.html", context, status=status)


def lesson(request, reading, step, *, entered=None, report=None, post=None, status=200):
    asked_for = {
        "once_more": request.GET.get("again", ""),
        "add_days": request.GET.get("put-in", ""),
        "is_whole": wants_whole(request),
    }
    page = lesson_page(reading, step, entered=entered, **asked_for)
    context = lesson_context(reading, page, report) | {"post": post or own_job_role(reading)}
    return render_in_course(request, reading, "learning/lesson.html", context, status=status)


def wants_whole(request):
    return request.COOKIES.get(WHOLE) == "1"


def lesson_context(reading, page, report=None):
    return {
        "report": report,
        "lesson": page,
        "station": station(page.module, reading.progress, page.step.id),
    }


@post_view(lesson_address)
def answer(request, course, step, question):
    reading = learner_context_of(request, course)
    lesson_step = reading.step(step, "lesson")
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    tries, revision = form.cleaned_data["tries"], form.cleaned_data["revision"]
    try:
        # Read by the question as it is now, so the form has to fit it; `answer` checks that again under its lock.
        asked = answers.question_of_form(reading.release, reading.page(step), question, revision)
        raw = raw_response(asked, reading.enrollment.pk, tries, request.POST)
        stored = answers.answer(
            reading.enrollment, lesson_step, question, raw, token=form.cleaned_data["token"], revision=revision
        )
    except answers.QuestionChanged:
        message = _("This question was changed while you had it open. Here is the current question.")
        return changed(request, course, lesson_step, question, message)
    except OtherOrder:
        message = _("The order of the options changed after you opened this page. Nothing was sent. Choose again.")
        return changed(request, course, lesson_step, question, message)
    except answers.NoSuchQuestion:
        return conflict(request, reading, lesson_step, "learning/question_gone.html")
    except answers.TokenReused:
        return conflict(request, reading, lesson_step, "learning/answered_already.html", question)
    except TooFast:
        error = _(
            "You sent too many answers in 1 minute. Wait a moment, then send this answer again. It is still here."
        )
        return refused(request, reading, lesson_step, Entered(question, tries, request.POST, error))
    except ValueError:
        entered = Entered(question, tries, request.POST, what_to_do(asked.kind))
        return refused(request, reading, lesson_step, entered)
    if stored.ends_change:
        messages.success(request, _("Saved: you have read what changed."))
    if request.htmx:
        return HttpResponseClientRefresh() if stored.ends_change else swapped(request, reading, lesson_step, question)
    return redirect(lesson_address(course, step, reading.page(step).first_variants[question]))


def what_to_do(kind):
    return {
        "one": _("Choose one answer, then send it."),
        "several": _("Tick at least one, then send it."),
        "mark": _("Tick at least one, then send it."),
        "order": _("Give each step a different number, then send it."),
        "sort": _("Put each entry into a group, then send it."),
        "open": _("Write something (up to 5,000 characters), then save it."),
    }[kind]


def refused(request, reading, step, entered):
    # The script needs only the card, which it replaces.
    if not request.htmx:
        return lesson(request, reading, step, entered=entered, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    page = lesson_page(reading, step, entered=entered)
    card = page.card(page.page.first_variants[entered.question])
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return card_in_place(request, reading, step, card, "learning/_question.html", {}, status=status)


def card_in_place(request, reading, step, card, template, context, *, status):
    """For the script, which puts the card in the place of the old one."""
    context |= {"card": card, "step": step.id, "form_token": new_token()}
    response = render_in_course(request, reading, template, context, status=status)
    response["HX-Retarget"] = f"#{card.anchor}"
    return response


def changed(request, course, step, question, message):
    reading = learner_context_of(request, course)  # again: the release may have come during this request
    step = reading.step(step.id, "lesson")
    entered = Entered(question, None, MultiValueDict(), message)
    page = lesson_page(reading, step, entered=entered, is_whole=wants_whole(request))
    place = page.page.first_variants.get(question)
    if place not in page.questions:
        return conflict(request, reading, step, "learning/question_gone.html")
    context = lesson_context(reading, page)
    if not request.htmx:
        return render_in_course(request, reading, "learning/lesson.html", context, status=HTTPStatus.CONFLICT)
    card, status = page.card(place), HTTPStatus.CONFLICT
    return card_in_place(request, reading, step, card, "learning/_answered.html", context, status=status)


def swapped(request, reading, step, question):
    page = lesson_page(reading, step, is_whole=wants_whole(request))
    context = lesson_context(reading, page) | {"card": page.card(page.page.first_variants[question])}
    return render_in_course(request, reading, "learning/_answered.html", context)


def conflict(request, reading, step, template, question=""):
    back = lesson_address(reading.course_id, step.id, question)
    return render_in_course(request, reading, template, {"step": step, "back": back}, status=HTTPStatus.CONFLICT)


@post_view(lesson_address)
def mark_read(request, course, step):
    reading = learner_context_of(request, course)
    lesson_step = reading.step(step, "lesson")
    form = ReadForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        completion.mark_read(reading.enrollment, lesson_step, revision=form.cleaned_data["revision"])
    except completion.UnknownRevision:
        return HttpResponseBadRequest()
    except completion.LessonIncomplete:
        sentence = _("To finish: answer every question, and get each check question right once.")
        messages.error(request, sentence)
    return redirect(lesson_address(course, step) + "#lesson-state")


@post_view(lesson_address, is_held=False)  # one press, which is soon done again
def say_change_read(request, course, step):
    reading = learner_context_of(request, course)
    lesson_step = reading.step(step, "lesson")
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        say_read(reading.enrollment, lesson_step, form.cleaned_data["release"])
    except completion.UnknownRevision:
        return HttpResponseBadRequest()
    except CheckOwed:
        messages.error(request, _("This lesson also needs its check. Answer the check again on the updated text."))
        return redirect(lesson_address(course, step) + "#changed")
    messages.success(request, _("Saved: you have read what changed."))
    return redirect(home_address() if form.cleaned_data["home"] else lesson_address(course, step))


@post_view(lesson_address)
def choose_job_role_page(request, course, step):
    reading = learner_context_of(request, course)
    lesson_step = reading.step(step, "lesson")
    post = own_job_role(reading, request.POST)
    if not post.form.is_valid():
        return lesson(request, reading, lesson_step, post=post, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    choose_job_role(reading.enrollment, post.form)
    return redirect(lesson_address(course, step) + "#your-post")


@post_view(lesson_address, is_held=False)  # nothing is written
def show_whole(request, course, step):
    learner_context_of(request, course).step(step, "lesson")
    response = redirect(lesson_address(course, step))
    if request.POST.get("whole") == "1":
        response.set_cookie(WHOLE, "1", **cookies.attributes(WHOLE_AGE))
    else:
        response.delete_cookie(WHOLE, samesite="Lax")
    return response


@post_view(lesson_address, is_held=False)  # so is a report
def report(request, course, step):
    reading = learner_context_of(request, course)
    lesson_step = reading.step(step, "lesson")
    form = ReportForm(request.POST)
    if "token" in form.errors:
        return HttpResponseBadRequest()
    if not form.is_valid():
        error = _("The text is too long. Enter at most 2,000 characters.")
        return report_refused(request, reading, lesson_step, error, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        feedback.report_lesson(
            reading.enrollment, reading.page(lesson_step.id), language=reading.language, **form.cleaned_data
        )
    except feedback.TooManyReports:
        error = _("You have sent 10 reports in one day, which is the limit. Keep this report and send it tomorrow.")
        return report_refused(request, reading, lesson_step, error, HTTPStatus.TOO_MANY_REQUESTS)
    messages.success(request, _("Thank you. An editor will read your report. Editors do not see your name."))
    return redirect(lesson_address(course, step))


def report_refused(request, reading, step, error, status):
    report = {"error": error, "comment": request.POST.get("comment", ""), "token": new_token()}
    return lesson(request, reading, step, report=report, status=status)


def question_address(course, step, open_question):
    return lesson_address(course, step, open_question)


@in_background
@post_view(question_address, is_held=False)  # the tab has it
def unsaved(request, course, step, open_question):
    reading = learner_context_of(request, course)
    reading.step(step, "lesson")
    asked = reading.page(step).questions.get(open_question)
    if asked is None or asked.kind != "open":
        raise Http404(open_question)
    if "throw-away" in request.POST:
        drop_text(reading.enrollment, step, open_question)
        messages.info(request, _("The unsaved text was discarded."))
        return redirect(lesson_address(course, step, open_question))
    form = AutosavedAnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    if not ratelimit.consume(request, action="unsaved_texts", key=str(request.user.pk)):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    store_text(reading.enrollment, step, open_question, **form.cleaned_data)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
