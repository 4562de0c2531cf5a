"""Pages of the course preview: /team/preview/."""

import re
from random import Random

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from courseware.accounts.permissions.permissions import may_preview
from courseware.content.models import Course, Document
from courseware.content.rendering.store import outline, page
from courseware.course_format.parsing.documents import display_tag
from courseware.course_format.simulations.simulation import NotOffered
from courseware.lib.web.form_numbers import small_number
from courseware.lib.web.page_views import page_view
from courseware.reporting.course_preview import PREVIEW_KINDS, DecisionPath, neighbours, preview_lesson, situation_after

LINK = re.compile(r'(?<= href=")[^"#]+')


def course_or_404(user, identifier):
    """Return (course, outline in the active language). Raise `Http404`, also if the user may not preview it."""
    if not may_preview(user):
        raise Http404
    course = get_object_or_404(Course.objects.select_related("current"), identifier=identifier, current__isnull=False)
    return course, outline(course.current, get_language())


def in_course(request, template, course_outline, context):
    """Render a preview page, with its links to learners' pages replaced by links in the preview."""
    languages = {"text_language": display_tag(course_outline.language), "page_language": display_tag(get_language())}
    context |= {"route": course_outline, "course": course_outline.course_id, **languages}
    urls = places_seen(course_outline)
    page = render_to_string(template, context, request)
    return HttpResponse(LINK.sub(lambda link: urls.get(link[0], link[0]), page))


def places_seen(course_outline):
    """Return URL of a learner's page → URL in the preview, or of the list of steps if it has no preview."""
    course, whole = course_outline.course_id, reverse("reporting:preview", args=[course_outline.course_id])
    urls = {reverse(page, args=[course]): whole for page in ("learning:job-role", "learning:emergency-card")}
    for step in course_outline.steps:
        seen = reverse("reporting:preview-step", args=[course, step.id]) if step.kind in PREVIEW_KINDS else whole
        urls[reverse("learning:step", args=[course, step.id])] = seen
    return urls


@page_view()
def preview(request, course):
    found, course_outline = course_or_404(request.user, course)
    banks = banks_of(found.current) if request.user.is_staff else []
    return in_course(request, "reporting/course_preview.html", course_outline, {"seen": PREVIEW_KINDS, "banks": banks})


def banks_of(release):
    banks = release.entries.filter(document__kind=Document.Kind.BANK).order_by("document__identifier")
    names = banks.values_list("document__identifier", flat=True)
    return [page(release, name, get_language()) for name in names]


@page_view()
def preview_step(request, course, step):
    found, course_outline = course_or_404(request.user, course)
    shown = course_outline.find(step)
    if shown is None or shown.kind not in PREVIEW_KINDS:
        raise Http404(step)
    before, after = neighbours(course_outline, shown)
    context = {"step": shown, "before": before, "after": after}
    if shown.kind == "lesson":
        asked = request.GET.get("job_role", "")
        job_role = asked if asked in course_outline.tracks else next(iter(course_outline.tracks), "")
        lesson = preview_lesson(found, shown, page(found.current, step, get_language()), job_role)
        return in_course(request, "reporting/preview_lesson.html", course_outline, context | {"lesson": lesson})
    return simulation_seen(request, found, course_outline, context)


def simulation_seen(request, course, course_outline, context):
    """Show a situation. The decisions so far are in the URL; if they are not possible, the simulation restarts."""
    languages = (get_language(), course.source_language)
    texts, rules = (page(course.current, context["step"].id, each).simulation for each in languages)
    flags = rules.draw(Random(0))  # noqa: S311 - the same for all users
    way = DecisionPath.read(request.GET.get("way", ""))
    position = small_number(request.GET.get("choice"))
    if position is not None:
        parts = map(small_number, request.GET.getlist("part"))
        way = way.then(position, tuple(part for part in parts if part is not None))
    try:
        situation = situation_after(way, rules, texts, flags)
    except NotOffered:
        return redirect(reverse("reporting:preview-step", args=[course.identifier, context["step"].id]))
    context |= {"simulation": texts, "situation": situation}
    return in_course(request, "reporting/preview_simulation.html", course_outline, context)
