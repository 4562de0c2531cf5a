"""Pages of a manager: due follow-ups, and the survey about one person."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext
from django.views.decorators.debug import sensitive_post_parameters

from courseware.accounts.permissions.permissions import is_manager, people_managed_by
from courseware.assignments.chat.delivery import DASHBOARD_PAGES
from courseware.assignments.follow_ups.follow_ups import (
    NotAsked,
    answer_follow_up,
    follow_up_of,
    follow_ups_due,
    why_not_asked,
)
from courseware.content.rendering import store
from courseware.course_format.parsing.documents import display_tag
from courseware.learning.lessons.feedback import SurveyChanged
from courseware.learning.lessons.forms import SurveyForm
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_status, form_view, page_view, posted

hides_answers = sensitive_post_parameters()  # in error reports


@page_view(allowed=is_manager)
def follow_ups(request):
    [board_page] = DASHBOARD_PAGES
    context = {"due": follow_ups_due(request.user), "board_page": board_page}
    return render(request, "assignments/follow_ups.html", context)


def asked_or_404(user, pk, survey_id):
    """Return (enrollment, survey). `pk`: enrollment id; `survey_id`: document id of the survey. Raise Http404 if one
    does not exist, or `user` does not manage the learner.
    """
    managed = Enrollment.objects.filter(learner__in=people_managed_by(user), course__current__isnull=False)
    enrollment = get_object_or_404(managed.with_release().select_related("learner"), pk=pk)
    survey = store.outline(enrollment.release, get_language()).find_follow_up_survey(survey_id)
    if survey is None:
        raise Http404(survey_id)
    return enrollment, survey


@hides_answers
@form_view("assignments:follow-up", is_held=False)
def follow_up(request, pk, survey_id):
    enrollment, survey = asked_or_404(request.user, pk, survey_id)
    page = store.page(enrollment.release, survey_id, get_language())
    form, is_changed = SurveyForm(posted(request), questions=page.data["questions"]), False
    if request.method == "POST":
        try:
            if answer := answer_to(request, enrollment, survey, form):
                return answer
        except NotAsked as error:
            messages.error(request, error.why.label)
            return redirect("assignments:follow-ups")
        except SurveyChanged:
            form = SurveyForm(
                questions=page.data["questions"], initial=SurveyForm.texts(request.POST, page.data["questions"])
            )
            is_changed = True
    known = follow_up_of(enrollment, survey_id)
    outline = store.outline(enrollment.release, get_language())
    context = {
        "run": enrollment,
        "outline": outline,
        "text_language": display_tag(outline.language),
        "page_language": display_tag(get_language()),
        "page": page,
        "form": form,
        "is_changed": is_changed,
        "known": known,
        "refusal": None if known else why_not_asked(enrollment, survey, site_day()),
    }
    status = HTTPStatus.CONFLICT if is_changed else form_status(form)
    return render(request, "assignments/follow_up.html", context, status=status)


def answer_to(request, enrollment, survey, form):
    """Store the posted answer. Return the redirect; None if the form has errors. Raise NotAsked or SurveyChanged."""
    if "cannot-say" in request.POST:
        follow_up, is_new = answer_follow_up(enrollment, survey, None, by=request.user)
    elif form.is_valid():
        revision = next(iter(keys_in([request.POST.get("revision", "")])), 0)
        follow_up, is_new = answer_follow_up(enrollment, survey, form.answers, revision=revision, by=request.user)
    else:
        return None
    if is_new and follow_up.is_answered:
        messages.success(request, gettext("Thank you. Your answers are saved without the person’s name."))
    elif is_new:
        messages.success(
            request,
            gettext("Your answer “I can’t say” is saved. No other manager gets these questions about the person."),
        )
    else:
        words = gettext("%(name)s already answered this survey on %(day)s. Nothing was changed.")
        messages.info(request, words % {"name": follow_up.made_by.name, "day": date_format(follow_up.made_on)})
    return redirect("assignments:follow-ups")
