"""Pages of a learner: home, offline copy, quick tasks and own record."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from courseware.accounts.calendar.absences import last_absence_day
from courseware.accounts.permissions.site_context import branding_for
from courseware.assessment.daily.panel import daily_panel
from courseware.content.rendering import store
from courseware.course_format.parsing.documents import display_tag
from courseware.learner_home.actions import Action
from courseware.learner_home.home import course_panels, first_changed, other_work
from courseware.learner_home.next_action import learner_progress_of
from courseware.learner_home.offline_copy import offline_copy_of
from courseware.learner_home.quick_tasks import BREAKS, answered_lessons, proposals
from courseware.learner_home.record import own_record
from courseware.learner_home.welcome import welcome
from courseware.learning.learner_context import LearnerContext, learner_context_of
from courseware.learning.lessons.course_rendering import card_context, render_in_course
from courseware.learning.reference.saved_phrases import own_book
from courseware.lib.dates import site_day
from courseware.lib.web.form_numbers import small_number
from courseware.lib.web.page_views import in_background


@require_GET
@login_required
def home(request):
    panels = course_panels(request, chosen=request.GET.get("course", ""))
    context = {"other_work": list(other_work(request))}
    if not panels:
        return render(request, "learner_home/not_enrolled.html", context)
    main, *others = panels
    context["changed"], context["changed_beside"] = first_changed(panels)
    context |= {"main": main, "others": others, "daily": daily_panel([panel.enrollment for panel in panels])}
    template = "learner_home/home.html"
    if main.act.kind == Action.BEGIN:
        template, context["welcome"] = "learner_home/welcome.html", welcome(main, request.user)
    with timezone.override(main.enrollment.zone):
        return render(request, template, context)


@in_background
@require_GET
@login_required
def offline_copy(request):
    """Show the copy of the first course on home; 204 without a course."""
    panels = course_panels(request, chosen="")
    if not panels:
        return HttpResponse(status=204)
    main = panels[0]
    card = card_context(request, main.enrollment.course, main.journey.outline) if main.journey.outline.card_id else {}
    context = card | {
        "copy": offline_copy_of(main),
        "book": own_book(LearnerContext(main.enrollment)),
        "has_card": bool(card),
        "outline": main.journey.outline,
        "branding": branding_for(request, main.course),
        "text_language": main.language,
        "page_language": display_tag(get_language()),
    }
    return render(request, "learner_home/offline_copy.html", context)


@require_GET
@login_required
def quick_tasks_page(request, course):
    """Show tasks that fit into `for` minutes (query parameter): one, and up to two others."""
    learner_context = learner_context_of(request, course)
    enrollment = learner_context.enrollment
    enrollment.away_until = last_absence_day(request.user)
    wanted = small_number(request.GET.get("for"))
    length = wanted if wanted in BREAKS else BREAKS[0]
    (learner_progress,) = learner_progress_of(
        [enrollment], {enrollment.course_id: store.outline(learner_context.release, get_language())}
    )
    first, *others = proposals(learner_progress, answered_lessons(enrollment.pk), length) or [None]
    context = {"length": length, "lengths": BREAKS, "first": first, "others": others}
    return render_in_course(request, learner_context, "learner_home/quick_tasks.html", context)


@require_GET
@login_required
def record(request, course):
    learner_context = learner_context_of(request, course)
    context = {"record": own_record(learner_context), "today": site_day(), "progress": learner_context.progress}
    return render_in_course(request, learner_context, "learner_home/record.html", context)
