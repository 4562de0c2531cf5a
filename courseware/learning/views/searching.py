"""/search/: in the own courses, the newest first."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.content.compiled import serving
from courseware.language.documents import display_tag
from courseware.learning.access import Reading, own_readings
from courseware.learning.kept_phrases import KEPT
from courseware.learning.phrase_book import books_of, lines_with
from courseware.learning.searching import Findings, in_courses

LONGEST_SEARCH = 100  # characters
OWN_PHRASES = 3  # shown above all else that is found


def search_asked(request) -> str:
    return request.GET.get("q", "").replace("\0", "")[:LONGEST_SEARCH].strip()


@require_safe
@login_required
def search_own_courses(request):
    asked = search_asked(request)
    readings = own_readings(request)
    found = zip(readings, in_courses(asked, map(course_of, readings)), strict=True)
    shown = [course_found(reading, findings) for reading, findings in found if findings.pages or findings.terms]
    own = phrases_found(request, readings, asked)
    context = {"asked": asked, "longest": LONGEST_SEARCH, "courses": shown, "has_courses": bool(readings)}
    context |= {"own_phrases": own[:OWN_PHRASES], "more_phrases": len(own[OWN_PHRASES:])}
    context |= {"is_one": len(readings) == 1, "page_language": display_tag(get_language())}
    return render(request, "learning/search.html", context)


def course_of(reading: Reading):
    return serving.paragraphs(reading.release, reading.language), reading.outline


def phrases_found(request, readings, asked):
    """What the learner keeps of it, with the language it is in."""
    books = books_of(readings, KEPT(learner=request.user.pk))
    return [(line, display_tag(book.outline.language)) for book in books for line in lines_with(book, asked)]


def course_found(reading: Reading, findings: Findings):
    outline = reading.outline
    return {
        "course": outline.course_id,
        "title": outline.title,
        "card": outline.card_id,
        "language": display_tag(outline.language),
        "findings": findings,
    }
