"""/card/: the emergency card, one press from every page; where the firm allows it, also for who is not signed in."""

from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.accounts.site_name import face_for
from courseware.content.compiled import serving
from courseware.content.compiled.card import card_of
from courseware.content.compiled.serving import Outline
from courseware.content.models import Course
from courseware.language.documents import display_tag
from courseware.learning.access import own_enrollments


@require_safe
def own_cards(request):
    """Of the own courses, the newest first; of all where somebody has none, as who leads people may."""
    face = face_for(request)
    if not (request.user.is_authenticated or face.is_card_for_all):
        return redirect_to_login(request.get_full_path())
    cards = cards_of(request)
    wanted = request.GET.get("course", "")
    course, outline = next(
        (each for each in cards if each[0].identifier == wanted), cards[0] if cards else (None, None)
    )
    if course is None:
        return render(request, "learning/no_card.html")
    context = card_of(course, outline) | {
        "outline": outline,
        "face": face_for(request, course.identifier),
        "others": [other_card(each) for _course, each in cards if each is not outline],
        "text_language": display_tag(outline.language),
        "page_language": display_tag(get_language()),
    }
    return render(request, "learning/card.html", context)


def cards_of(request) -> list[tuple[Course, Outline]]:
    """Courses that have a card, each with its route in the language of the page."""
    own = own_enrollments(request) if request.user.is_authenticated else []
    courses = dict.fromkeys(enrollment.course for enrollment in reversed(own)) or released_courses()
    found = ((course, serving.outline(course.current, get_language())) for course in courses if course.current)
    return [(course, outline) for course, outline in found if outline.card_id]


def released_courses():
    return Course.objects.exclude(current=None).select_related("current").defer("current__outlines").order_by("pk")


def other_card(outline: Outline) -> dict[str, str]:
    return {"course": outline.course_id, "title": outline.title, "language": display_tag(outline.language)}
