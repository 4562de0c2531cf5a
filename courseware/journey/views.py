from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from courseware.journey.home import course_cards
from courseware.journey.other_work import other_work
from courseware.journey.record import own_record
from courseware.learning.access import reading_of
from courseware.learning.course_page import render_in_course
from courseware.lib.dates import site_day


@require_GET
@login_required
def home(request):
    cards = course_cards(request, chosen=request.GET.get("course", ""))
    context = {"other_work": list(other_work(request))}
    if not cards:
        return render(request, "journey/not_enrolled.html", context)
    main, *others = cards
    with timezone.override(main.enrollment.zone):
        return render(request, "journey/home.html", context | {"main": main, "others": others})


@require_GET
@login_required
def record(request, course):
    reading = reading_of(request, course)
    context = {"record": own_record(reading), "today": site_day(), "progress": reading.progress}
    return render_in_course(request, reading, "journey/record.html", context)
