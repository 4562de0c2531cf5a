"""/learn/<course>/<step>/answer/<question>/unsaved/: what is typed, sent by the script now and then."""

from http import HTTPStatus

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from courseware.learning.access import reading_of
from courseware.learning.forms import UnsavedAnswerForm
from courseware.learning.unsaved_answers import drop_text, keep_text
from courseware.learning.views.places import lesson_address
from courseware.lib.background import in_background
from courseware.lib.page_views import post_view


def question_address(course, step, open_question):
    return lesson_address(course, step, open_question)


@in_background
@post_view(question_address, is_held=False)  # the tab has it
def unsaved(request, course, step, open_question):
    reading = reading_of(request, course)
    reading.step(step, "lesson")
    asked = reading.page(step).questions.get(open_question)
    if asked is None or asked.kind != "open":
        raise Http404(open_question)
    if "throw-away" in request.POST:
        drop_text(reading.enrollment, step, open_question)
        messages.info(request, _("Thrown away."))
        return redirect(lesson_address(course, step, open_question))
    form = UnsavedAnswerForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    if not ratelimit.consume(request, action="unsaved_texts", key=str(request.user.pk)):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    keep_text(reading.enrollment, step, open_question, **form.cleaned_data)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
