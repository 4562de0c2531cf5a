"""/learn/<course>/ask/: ask the manager a question, and see earlier questions."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courseware.accounts.leads import lead_of
from courseware.learning.access import reading_of
from courseware.learning.asking_manager import TooManyWaiting, ask_manager
from courseware.learning.course_page import render_in_course
from courseware.learning.manager_questions import LONGEST_QUESTION
from courseware.lib.page_views import form_status, form_view, posted

SHOWN = 5


class QuestionForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your question"),
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Managers of your team can read it."),
    )


@form_view("learning:ask-manager")
def ask(request, course):
    reading, manager = reading_of(request, course), lead_of(request.user)
    if manager is None:
        raise Http404
    form = QuestionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            ask_manager(reading.enrollment, form.cleaned_data["text"])
        except TooManyWaiting:
            form.add_error(None, _("Three of your questions wait for an answer. Talk to your manager in person."))
        else:
            words = _("Your question was sent. %(name)s sees it under “What to do today”.")
            messages.success(request, words % {"name": manager.person.name})
            return redirect("learning:ask-manager", course)
    asked = reading.enrollment.manager_questions.select_related("answered_by").order_by("-pk")[:SHOWN]
    context = {"form": form, "manager": manager.person.name, "asked": asked}
    return render_in_course(request, reading, "learning/ask_manager.html", context, status=form_status(form))
