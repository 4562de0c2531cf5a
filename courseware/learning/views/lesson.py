"""Pages of lessons and surveys: /learn/<course>/<step>/"""

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
from courseware.learning.lessons.changed_lessons import CheckRequired, acknowledge
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

WHOLE = "whole_lessons"  # cookie: show all of a lesson at once
WHOLE_AGE = 365 * 24 * 60 * 60


@form_view(lesson_address, is_held=False, methods=("GET", "POST"))  # a survey is anonymous
def step(request, course, step):
    learner_context = learner_context_of(request, course)
    route_step = learner_context.step(step)
    if route_step.kind == "survey":
        return survey(request, learner_context, route_step)
    if request.method == "POST":  # only a survey has a form at this address
        return HttpResponseBadRequest()
    if route_step.kind != "lesson":
        return redirect(STEP_PAGES[route_step.kind], course, step)
    return lesson(request, learner_context, route_step)


def survey(request, learner_context, step):
    page = learner_context.page(step.id)
    questions = page.data["questions"]
    is_answered = step.id in done_documents(learner_context.enrollment)
    form = SurveyForm(posted(request), questions=questions)
    is_changed = form.is_bound and not is_answered and request.POST.get("revision") != str(page.revision_id)
    if not is_changed and form.is_valid():
        signed = form.cleaned_data["signed"]
        try:
            if feedback.answer_survey(learner_context.enrollment, page, form.answers, is_signed=signed):
                messages.success(request, _("Thank you. Your answers are saved."))
            return redirect("learning:step", learner_context.course_id, step.id)
        except feedback.SurveyChanged:
            learner_context, is_changed = learner_context_of(request, learner_context.course_id), True
            step = learner_context.step(step.id, "survey")
            page = learner_context.page(step.id)
            questions = page.data["questions"]
    if is_changed:
        form = SurveyForm(questions=questions, initial=SurveyForm.texts(request.POST, questions))
    module = learner_context.outline.module(step.module_id)
    context = {
        "step": step,
        "page": page,
        "place": place_in(module, step),
        "form": form,
        "is_answered": is_answered,
        "is_changed": is_changed,
        "station": station(module, learner_context.progress, step.id),
        "previous": learner_context.outline.before(step.id),
    }
    status = HTTPStatus.CONFLICT if is_changed else form_status(form)
    return render_in_course(request, learner_context, "learning/survey.html", context, status=status)


def lesson(request, learner_context, step, *, entered=None, report=None, job_role=None, status=200):
    asked_for = {
        "once_more": request.GET.get("again", ""),
        "restored_question": request.GET.get("restore", ""),
        "is_whole": wants_whole(request),
    }
    page = lesson_page(learner_context, step, entered=entered, **asked_for)
    context = lesson_context(learner_context, page, report) | {"job_role": job_role or own_job_role(learner_context)}
    return render_in_course(request, learner_context, "learning/lesson.html", context, status=status)


def wants_whole(request):
    return request.COOKIES.get(WHOLE) == "1"


def lesson_context(learner_context, page, report=None):
    return {
        "report": report,
        "lesson": page,
        "station": station(page.module, learner_context.progress, page.step.id),
    }


@post_view(lesson_address)
def answer(request, course, step, question):
    learner_context = learner_context_of(request, course)
    lesson_step = learner_context.step(step, "lesson")
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    tries, revision = form.cleaned_data["tries"], form.cleaned_data["revision"]
    try:
        # The form must fit the current question; `answer` checks this again under its lock.
        asked = answers.question_of_form(learner_context.release, learner_context.page(step), question, revision)
        raw = raw_response(asked, learner_context.enrollment.pk, tries, request.POST)
        stored = answers.answer(
            learner_context.enrollment, lesson_step, question, raw, token=form.cleaned_data["token"], revision=revision
        )
    except answers.QuestionChanged:
        message = _("This question was changed while you had it open. Here is the current question.")
        return changed(request, course, lesson_step, question, message)
    except OtherOrder:
        message = _("The order of the options changed after you opened this page. Nothing was sent. Choose again.")
        return changed(request, course, lesson_step, question, message)
    except answers.NoSuchQuestion:
        return conflict(request, learner_context, lesson_step, "learning/question_gone.html")
    except answers.TokenReused:
        return conflict(request, learner_context, lesson_step, "learning/answered_already.html", question)
    except TooFast:
        error = _(
            "You sent too many answers in 1 minute. Your answer is still in the form. Wait a moment, then send "
            "it again."
        )
        return refused(request, learner_context, lesson_step, Entered(question, tries, request.POST, error))
    except ValueError:
        entered = Entered(question, tries, request.POST, what_to_do(asked.kind))
        return refused(request, learner_context, lesson_step, entered)
    if stored.ends_change:
        messages.success(request, _("Saved: you have read what changed."))
    if request.htmx:
        return (
            HttpResponseClientRefresh()
            if stored.ends_change
            else swapped(request, learner_context, lesson_step, question)
        )
    return redirect(lesson_address(course, step, learner_context.page(step).first_variants[question]))


def what_to_do(kind):
    return {
        "one": _("Choose one answer, then send it."),
        "several": _("Select at least 1 option, then send your answer."),
        "mark": _("Select at least 1 option, then send your answer."),
        "order": _("Give each step a different number, then send your answer."),
        "sort": _("Put each entry into a group, then send your answer."),
        "open": _("Write something (up to 5,000 characters), then save it."),
    }[kind]


def refused(request, learner_context, step, entered):
    # The script replaces only the question.
    if not request.htmx:
        return lesson(request, learner_context, step, entered=entered, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    page = lesson_page(learner_context, step, entered=entered)
    card = page.card(page.page.first_variants[entered.question])
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return card_in_place(request, learner_context, step, card, "learning/_question.html", {}, status=status)


def card_in_place(request, learner_context, step, card, template, context, *, status):
    """Render a question for the script, which replaces the old one."""
    context |= {"card": card, "step": step.id, "form_token": new_token()}
    response = render_in_course(request, learner_context, template, context, status=status)
    response["HX-Retarget"] = f"#{card.anchor}"
    return response


def changed(request, course, step, question, message):
    learner_context = learner_context_of(request, course)  # again, as a release may have been published meanwhile
    step = learner_context.step(step.id, "lesson")
    entered = Entered(question, None, MultiValueDict(), message)
    page = lesson_page(learner_context, step, entered=entered, is_whole=wants_whole(request))
    first_variant = page.page.first_variants.get(question)
    if first_variant not in page.questions:
        return conflict(request, learner_context, step, "learning/question_gone.html")
    context = lesson_context(learner_context, page)
    if not request.htmx:
        context["job_role"] = own_job_role(learner_context)
        return render_in_course(request, learner_context, "learning/lesson.html", context, status=HTTPStatus.CONFLICT)
    card, status = page.card(first_variant), HTTPStatus.CONFLICT
    return card_in_place(request, learner_context, step, card, "learning/_answered.html", context, status=status)


def swapped(request, learner_context, step, question):
    page = lesson_page(learner_context, step, is_whole=wants_whole(request))
    context = lesson_context(learner_context, page) | {"card": page.card(page.page.first_variants[question])}
    return render_in_course(request, learner_context, "learning/_answered.html", context)


def conflict(request, learner_context, step, template, question=""):
    back = lesson_address(learner_context.course_id, step.id, question)
    return render_in_course(
        request, learner_context, template, {"step": step, "back": back}, status=HTTPStatus.CONFLICT
    )


@post_view(lesson_address)
def mark_read(request, course, step):
    learner_context = learner_context_of(request, course)
    lesson_step = learner_context.step(step, "lesson")
    form = ReadForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        completion.mark_read(learner_context.enrollment, lesson_step, revision=form.cleaned_data["revision"])
    except completion.UnknownRevision:
        return HttpResponseBadRequest()
    except completion.LessonIncomplete:
        sentence = _("To finish this lesson, answer every question, and answer each check question correctly once.")
        messages.error(request, sentence)
    return redirect(lesson_address(course, step) + "#lesson-state")


@post_view(lesson_address, is_held=False)  # a single click, easily repeated
def acknowledge_change(request, course, step):
    learner_context = learner_context_of(request, course)
    lesson_step = learner_context.step(step, "lesson")
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        acknowledge(learner_context.enrollment, lesson_step, form.cleaned_data["release"])
    except completion.UnknownRevision:
        return HttpResponseBadRequest()
    except CheckRequired:
        messages.error(request, _("To finish this lesson, read the updated text and answer the check questions again."))
        return redirect(lesson_address(course, step) + "#changed")
    messages.success(request, _("Saved: you have read what changed."))
    return redirect(home_address() if form.cleaned_data["home"] else lesson_address(course, step))


@post_view(lesson_address)
def choose_job_role_page(request, course, step):
    learner_context = learner_context_of(request, course)
    lesson_step = learner_context.step(step, "lesson")
    job_role = own_job_role(learner_context, request.POST)
    if not job_role.form.is_valid():
        return lesson(request, learner_context, lesson_step, job_role=job_role, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    choose_job_role(learner_context.enrollment, job_role.form)
    return redirect(lesson_address(course, step) + "#your-job-role")


@post_view(lesson_address, is_held=False)  # nothing is written
def show_all(request, course, step):
    learner_context_of(request, course).step(step, "lesson")
    response = redirect(lesson_address(course, step))
    if request.POST.get("whole") == "1":
        response.set_cookie(WHOLE, "1", **cookies.attributes(WHOLE_AGE))
    else:
        response.delete_cookie(WHOLE, samesite="Lax")
    return response


@post_view(lesson_address, is_held=False)  # a report is anonymous, too
def report(request, course, step):
    learner_context = learner_context_of(request, course)
    lesson_step = learner_context.step(step, "lesson")
    form = ReportForm(request.POST)
    if "token" in form.errors:
        return HttpResponseBadRequest()
    if not form.is_valid():
        error = _("The text is too long. Enter at most 2,000 characters.")
        return report_refused(request, learner_context, lesson_step, error, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        feedback.report_lesson(
            learner_context.enrollment,
            learner_context.page(lesson_step.id),
            language=learner_context.language,
            **form.cleaned_data,
        )
    except feedback.TooManyReports:
        error = _(
            "You have reported 10 problems in lessons in 1 day, which is the limit. Keep the text of this "
            "report and send it tomorrow."
        )
        return report_refused(request, learner_context, lesson_step, error, HTTPStatus.TOO_MANY_REQUESTS)
    messages.success(request, _("Thank you. An editor will read your report. Editors do not see your name."))
    return redirect(lesson_address(course, step))


def report_refused(request, learner_context, step, error, status):
    report = {"error": error, "comment": request.POST.get("comment", ""), "token": new_token()}
    return lesson(request, learner_context, step, report=report, status=status)


def question_address(course, step, open_question):
    return lesson_address(course, step, open_question)


@in_background
@post_view(question_address, is_held=False)  # the browser tab still has the text
def autosave(request, course, step, open_question):
    learner_context = learner_context_of(request, course)
    learner_context.step(step, "lesson")
    asked = learner_context.page(step).questions.get(open_question)
    if asked is None or asked.kind != "open":
        raise Http404(open_question)
    if "throw-away" in request.POST:
        drop_text(learner_context.enrollment, step, open_question)
        messages.info(request, _("The unsaved text was discarded."))
        return redirect(lesson_address(course, step, open_question))
    form = AutosavedAnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    if not ratelimit.consume(request, action="unsaved_texts", key=str(request.user.pk)):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    store_text(learner_context.enrollment, step, open_question, **form.cleaned_data)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
