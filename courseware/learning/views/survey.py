"""/learn/<course>/<step>/ of a survey."""

from http import HTTPStatus

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from courseware.learning import feedback
from courseware.learning.access import reading_of
from courseware.learning.course_page import render_in_course
from courseware.learning.forms import SurveyForm
from courseware.learning.progress import done_documents
from courseware.learning.route import place_in, station
from courseware.lib.page_views import form_status, posted


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
                messages.success(request, _("Thank you, your answers are in."))
            return redirect("learning:step", reading.course_id, step.id)
        except feedback.SurveyChanged:
            reading, is_changed = reading_of(request, reading.course_id), True
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
