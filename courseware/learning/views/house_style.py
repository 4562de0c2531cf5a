"""Branding for administrators: /house-style/."""

from http import HTTPStatus
from operator import attrgetter

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext

from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.site_name import site_name
from courseware.content.course_titles import course_title
from courseware.content.models import Course
from courseware.face.faces import SITE, ChangedMeanwhile, Face, keep_logo, set_style, style_of
from courseware.face.models import HouseStyle
from courseware.learning.house_style_form import HouseStyleForm
from courseware.lib.page_views import form_view


def house_style_address(course=SITE):
    return reverse("learning:house-style-of-course", args=[course]) if course else reverse("learning:house-style")


@form_view(house_style_address, allowed=attrgetter("is_superuser"), is_held=False)  # a file cannot be held
@asks_who_it_is
def house_style(request, course=SITE):
    titles = titles_of_courses()
    if course and course not in titles:
        raise Http404
    style = style_of(course)
    if request.method != "POST":
        return house_style_page(request, course, titles, HouseStyleForm(style=style, course=course), style)
    form = HouseStyleForm(request.POST, request.FILES, style=style, course=course)
    if not form.is_valid():
        return house_style_page(request, course, titles, form, style, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if "look" in request.POST:
        return looked_at(request, course, titles, form)
    try:
        set_style(course, form.values, base=form.cleaned_data["base"], logo=form.new_logo, by=request.user)
    except ChangedMeanwhile:
        form.add_error(None, gettext("Somebody has set the house style in the meantime. Open the page again."))
        return house_style_page(request, course, titles, form, style, status=HTTPStatus.CONFLICT)
    messages.success(request, gettext("The house style is set."))
    return redirect(house_style_address(course))


def titles_of_courses():
    courses = Course.objects.select_related("current").defer("current__outlines").order_by("pk")
    return {course.identifier: course_title(course) for course in courses}


def looked_at(request, course, titles, form):
    """Preview with the submitted values. The logo is stored so that it can be shown."""
    values = form.values
    if form.new_logo:
        keep_logo(form.new_logo)
    form.data = form.data.copy()
    form.data["looked_at"] = values["logo_id"] or ""
    return house_style_page(request, course, titles, form, HouseStyle(**values), is_tried=True)


def house_style_page(request, course, titles, form, style, *, is_tried=False, status=HTTPStatus.OK):
    """`style` is shown; `is_tried`: it is not set."""
    site = style_of(SITE) if course else None
    face = Face(tuple(each for each in (style, site) if each))
    language = get_language()
    context = {
        "form": form,
        "whose": titles.get(course, ""),
        "course": course,
        "titles": titles,
        "face": face,
        "site_name": site_name(face),
        "is_tried": is_tried,
        "sender": face.said("sender", language) or face.name(language),
        "sender_address": face.of("sender_address") or settings.DEFAULT_FROM_EMAIL,
        "signature": face.said("signature", language),
        "issuer": face.said("issuer", language) or face.said("name", language),
        "signer": face.said("signer", language),
    }
    return render(request, "learning/house_style.html", context, status=status)
