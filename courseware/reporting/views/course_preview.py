"""/team/preview/: preview of a course."""

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
from courseware.reporting.course_preview import SEEN, WayTaken, lesson_seen, neighbours, situation_after

LINK = re.compile(r'(?<= href=")[^"#]+')


def course_or_404(user, identifier):
    """A course and its outline in the user's language. Raises Http404 also if the user may not preview courses."""
    if not may_preview(user):
        raise Http404
    course = get_object_or_404(Course.objects.select_related("current"), identifier=identifier, current__isnull=False)
    return course, outline(course.current, get_language())


def in_course(request, template, route, context):
    languages = {"text_language": display_tag(route.language), "page_language": display_tag(get_language())}
    context |= {"route": route, "course": route.course_id, **languages}
    places = places_seen(route)
    page = render_to_string(template, context, request)
    return HttpResponse(LINK.sub(lambda link: places.get(link[0], link[0]), page))


def places_seen(route):
    """URL of a learner's page → that in the preview, or of the list of steps if it has no preview."""
    course, whole = route.course_id, reverse("reporting:preview", args=[route.course_id])
    places = {reverse(page, args=[course]): whole for page in ("learning:job-role", "learning:emergency-card")}
    for step in route.steps:
        seen = reverse("reporting:preview-step", args=[course, step.id]) if step.kind in SEEN else whole
        places[reverse("learning:step", args=[course, step.id])] = seen
    return places


@page_view()
def see(request, course):
    found, route = course_or_404(request.user, course)
    banks = banks_of(found.current) if request.user.is_staff else []
    return in_course(request, "reporting/course_preview.html", route, {"seen": SEEN, "banks": banks})


def banks_of(release):
    banks = release.entries.filter(document__kind=Document.Kind.BANK).order_by("document__identifier")
    names = banks.values_list("document__identifier", flat=True)
    return [page(release, name, get_language()) for name in names]


@page_view()
def see_step(request, course, step):
    found, route = course_or_404(request.user, course)
    shown = route.find(step)
    if shown is None or shown.kind not in SEEN:
        raise Http404(step)
    before, after = neighbours(route, shown)
    context = {"step": shown, "before": before, "after": after}
    if shown.kind == "lesson":
        asked = request.GET.get("post", "")
        post = asked if asked in route.tracks else next(iter(route.tracks), "")
        lesson = lesson_seen(found, shown, page(found.current, step, get_language()), post)
        return in_course(request, "reporting/see_lesson.html", route, context | {"lesson": lesson})
    return simulation_seen(request, found, route, context)


def simulation_seen(request, course, route, context):
    """The decisions so far are in the URL only. If they do not fit the simulation, it begins anew."""
    languages = (get_language(), course.source_language)
    texts, rules = (page(course.current, context["step"].id, each).simulation for each in languages)
    flags = rules.draw(Random(0))  # noqa: S311 - the same for everybody
    way = WayTaken.read(request.GET.get("way", ""))
    place = small_number(request.GET.get("choice"))
    if place is not None:
        parts = map(small_number, request.GET.getlist("part"))
        way = way.then(place, tuple(part for part in parts if part is not None))
    try:
        situation = situation_after(way, rules, texts, flags)
    except NotOffered:
        return redirect(reverse("reporting:preview-step", args=[course.identifier, context["step"].id]))
    context |= {"simulation": texts, "situation": situation}
    return in_course(request, "reporting/see_simulation.html", route, context)
