"""/learn/<course>/print/ and /learn/<course>/print/<module>/: everything to read, as one document for paper."""

from django.http import Http404
from django.utils import timezone

from courseware.learning.access import reading_of
from courseware.learning.card_page import card_context
from courseware.learning.course_page import render_in_course
from courseware.learning.printed_course import printed_modules
from courseware.lib.page_views import page_view


@page_view()
def printed(request, course, module=None):
    reading = reading_of(request, course)
    outline = reading.outline
    asked = [each for each in outline.modules if module in (None, each.id)]
    if not asked:
        raise Http404(module)
    context = {
        "modules": printed_modules(reading, asked),
        "one": asked[0] if module else None,
        "has_keys": reading.enrollment.completed_at is not None,
        "release": reading.release,
        "now": timezone.now(),
        "sections": [],
    }
    if outline.card_id and not module:
        context |= card_context(request, reading.enrollment.course, outline)
    return render_in_course(request, reading, "learning/print.html", context)
