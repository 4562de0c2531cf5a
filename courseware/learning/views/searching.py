"""Search in own courses, newest first, and in courses to preview: /search/."""

from django.shortcuts import render
from django.utils.translation import get_language

from courseware.accounts.permissions import may_preview
from courseware.content.compiled import page_links, serving
from courseware.content.compiled.serving import Outline, Paragraph
from courseware.language.documents import display_tag
from courseware.learning.access import Reading, own_readings
from courseware.learning.kept_phrases import KEPT
from courseware.learning.phrase_book import books_of, lines_with
from courseware.learning.searching import Findings, in_courses
from courseware.learning.views.emergency import released_courses
from courseware.lib.page_views import page_view

LONGEST_SEARCH = 100  # characters
OWN_PHRASES = 3  # shown above all else that is found


def search_asked(request) -> str:
    return request.GET.get("q", "").replace("\0", "")[:LONGEST_SEARCH].strip()


@page_view()
def search_own_courses(request):
    asked = search_asked(request)
    readings = own_readings(request)
    previewed = outlines_previewed(request.user, {reading.enrollment.course_id for reading in readings})
    outlines = [*(reading.outline for reading in readings), *(outline for outline, _texts in previewed)]
    found = in_courses(asked, [*map(course_of, readings), *((texts, outline) for outline, texts in previewed)])
    shown = [
        course_found(outline, findings, is_preview=place >= len(readings))
        for place, (outline, findings) in enumerate(zip(outlines, found, strict=True))
        if findings.pages or findings.terms
    ]
    own = phrases_found(request, readings, asked)
    context = {"asked": asked, "longest": LONGEST_SEARCH, "courses": shown, "has_courses": bool(outlines)}
    context |= {"own_phrases": own[:OWN_PHRASES], "more_phrases": len(own[OWN_PHRASES:])}
    context |= {"is_one": len(outlines) == 1, "page_language": display_tag(get_language())}
    return render(request, "learning/search.html", context)


def course_of(reading: Reading):
    return serving.paragraphs(reading.release, reading.language), reading.outline


def outlines_previewed(user, but) -> list[tuple[Outline, list[Paragraph]]]:
    """Other released courses that `user` may preview, with the paragraphs that the preview shows."""
    if not may_preview(user):
        return []
    found = []
    for course in released_courses().exclude(pk__in=but):
        outline = serving.outline(course.current, get_language())
        texts = serving.paragraphs(course.current, get_language())
        found.append((outline, [each for each in texts if each.document != outline.card_id]))
    return found


def phrases_found(request, readings, asked):
    """Kept phrases that match, with their language."""
    books = books_of(readings, KEPT(learner=request.user.pk))
    return [(line, display_tag(book.outline.language)) for book in books for line in lines_with(book, asked)]


def course_found(outline: Outline, findings: Findings, *, is_preview: bool):
    return {
        "course": outline.course_id,
        "title": outline.title,
        "language": display_tag(outline.language),
        "is_preview": is_preview,
        "pages": [(page, address_of(outline, page.document, is_preview)) for page in findings.pages],
        "findings": findings,
    }


def address_of(outline: Outline, document: str, is_preview: bool) -> str:
    if document == outline.card_id:
        return page_links.address("card", outline.course_id)
    return page_links.address("preview" if is_preview else "step", outline.course_id, document)
