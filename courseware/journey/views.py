from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from courseware.accounts.site_name import face_for
from courseware.journey.home import course_cards, first_changed
from courseware.journey.other_work import other_work
from courseware.journey.reading_copy import reading_copy_of
from courseware.journey.record import own_record
from courseware.language.documents import display_tag
from courseware.learning.access import reading_of
from courseware.learning.card_page import card_context
from courseware.learning.course_page import render_in_course
from courseware.lib.background import in_background
from courseware.lib.dates import site_day


@require_GET
@login_required
def home(request):
    cards = course_cards(request, chosen=request.GET.get("course", ""))
    context = {"other_work": list(other_work(request))}
    if not cards:
        return render(request, "journey/not_enrolled.html", context)
    main, *others = cards
    context["changed"], context["changed_beside"] = first_changed(cards)
    with timezone.override(main.enrollment.zone):
        return render(request, "journey/home.html", context | {"main": main, "others": others})


@in_background
@require_GET
@login_required
def reading_copy(request):
    """Of the course that comes first on home. Without one there is nothing to keep: 204."""
    cards = course_cards(request, chosen="")
    if not cards:
        return HttpResponse(status=204)
    main = cards[0]
    card = card_context(request, main.enrollment.course, main.outline) if main.outline.card_id else {}
    context = card | {
        "copy": reading_copy_of(main),
        "has_card": bool(card),
        "outline": main.outline,
        "face": face_for(request, main.course),
        "text_language": main.language,
        "page_language": display_tag(get_language()),
    }
    return render(request, "journey/reading_copy.html", context)


@require_GET
@login_required
def record(request, course):
    reading = reading_of(request, course)
    context = {"record": own_record(reading), "today": site_day(), "progress": reading.progress}
    return render_in_course(request, reading, "journey/record.html", context)
