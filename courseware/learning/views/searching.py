"""/search/: in the own courses, the newest first."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from courseware.content.compiled import serving
from courseware.language.documents import display_tag
from courseware.learning.access import Reading, own_enrollments
from courseware.learning.searching import Findings, search

LONGEST = 100  # characters


@require_safe
@login_required
def search_own_courses(request):
    asked = request.GET.get("q", "").replace("\0", "")[:LONGEST].strip()
    readings = [Reading(enrollment) for enrollment in reversed(own_enrollments(request)) if enrollment.is_newest]
    found = [(reading, findings_in(reading, asked)) for reading in readings]
    shown = [course_found(reading, findings) for reading, findings in found if findings.pages or findings.terms]
    context = {"asked": asked, "longest": LONGEST, "courses": shown, "has_courses": bool(readings)}
    context |= {"is_one": len(readings) == 1, "page_language": display_tag(get_language())}
    return render(request, "learning/search.html", context)


def findings_in(reading: Reading, asked: str) -> Findings:
    return search(asked, serving.paragraphs(reading.release, reading.language), reading.outline)


def course_found(reading: Reading, findings: Findings):
    outline = reading.outline
    return {
        "course": outline.course_id,
        "title": outline.title,
        "card": outline.card_id,
        "language": display_tag(outline.language),
        "findings": findings,
    }
