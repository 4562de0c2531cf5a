"""The emergency card: /card/. Public if the company allows it."""

from collections.abc import Iterable

from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.accounts.site_name import face_for
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline
from courseware.content.models import CardContact, Course
from courseware.language.documents import display_tag
from courseware.learning.access import Reading, own_enrollments
from courseware.learning.course_page import card_context
from courseware.learning.phrase_book import own_book


@require_safe
def own_cards(request):
    """Cards of the user's courses; of all courses for users without any."""
    face = face_for(request)
    if not (request.user.is_authenticated or face.is_card_for_all):
        return redirect_to_login(request.get_full_path())
    own = own_enrollments(request) if request.user.is_authenticated else []
    cards = cards_of({enrollment.course for enrollment in own} or released_courses())
    if not cards:
        return render(request, "learning/no_card.html")
    wanted = request.GET.get("course", "")
    course, outline = next((each for each in cards if each[0].identifier == wanted), cards[0])
    context = card_context(request, course, outline) | {
        "course": course.identifier if own else "",
        "outline": outline,
        "face": face_for(request, course.identifier),
        "book": book_of(course, own) if own else None,
        "cards": tabs_of([each for _course, each in cards], outline),
        "text_language": display_tag(outline.language),
        "page_language": display_tag(get_language()),
    }
    return render(request, "learning/card.html", context)


def book_of(course, own):
    return own_book(Reading(next(each for each in reversed(own) if each.course == course)))


def cards_of(courses: Iterable[Course]) -> list[tuple[Course, Outline]]:
    """Courses with a card and their outlines: first those with contacts, then as added. Runs one query."""
    found = [(course, serving.outline(course.current, get_language())) for course in courses if course.current]
    numbers = CardContact.objects.filter(course__in=[course for course, _outline in found]).exclude(number="")
    with_contacts = set(numbers.values_list("course", flat=True))
    found.sort(key=lambda each: (each[0].pk not in with_contacts, each[0].pk))
    return [(course, outline) for course, outline in found if outline.card_id]


def released_courses():
    return Course.objects.exclude(current=None).select_related("current").defer("current__outlines").order_by("pk")


def tabs_of(outlines: list[Outline], shown: Outline) -> list[dict[str, object]]:
    """None for a single card."""
    return [card_tab(each, each is shown) for each in outlines] if len(outlines) > 1 else []


def card_tab(outline: Outline, is_shown: bool) -> dict[str, object]:
    language = display_tag(outline.language)
    return {"course": outline.course_id, "title": outline.title, "language": language, "is_shown": is_shown}
