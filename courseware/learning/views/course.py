"""/learn/<course>/"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courseware.learning import completing
from courseware.learning.access import reading_of
from courseware.learning.card_page import card_context
from courseware.learning.course_page import render_in_course
from courseware.learning.forms import TrackForm
from courseware.learning.phrase_book import own_book
from courseware.learning.progress import track_of
from courseware.learning.views.places import home_address, posted
from courseware.lib.form_pages import form_on
from courseware.lib.form_status import form_status

ROOM_OF_A_PANEL, ROOM_BETWEEN = 560, 90  # letters; a phrase takes a heading and a gap beside its own
PANELS = 8  # of a sheet that is folded once along and three times across


@require_http_methods(["GET", "POST"])
@login_required
@form_on(home_address)
def tracks(request, course):
    reading = reading_of(request, course)
    form = TrackForm(
        posted(request),
        tracks=reading.outline.tracks,
        initial={"track": track_of(reading.enrollment, reading.outline)},
    )
    if form.is_valid():
        reading.enrollment.track = form.cleaned_data["track"]
        reading.enrollment.save(update_fields=["track"])
        messages.success(request, _("Saved. The lessons show what is for your post first."))
        return redirect("home")
    return render_in_course(request, reading, "learning/tracks.html", {"form": form}, status=form_status(form))


@require_GET
@login_required
def card(request, course):
    reading = reading_of(request, course)
    context = card_context(request, reading.enrollment.course, reading.outline) | {"book": own_book(reading)}
    return render_in_course(request, reading, "learning/card.html", context)


@require_GET
@login_required
def pocket_card(request, course):
    reading = reading_of(request, course)
    context = card_context(request, reading.enrollment.course, reading.outline)
    context |= {"sheets": sheets_of(context["sections"]), "phrases": phrase_sheets(own_book(reading))}
    return render_in_course(request, reading, "learning/pocket_card.html", context)


def sheets_of(sections):
    """In eights, the cover being the first of the first eight; None is a panel to write on, at least one in all.

    >>> sheets_of(["fire", "breach"])
    [['fire', 'breach', None, None, None, None, None]]
    """
    panels = [*sections, None]
    panels += [None] * (-(len(panels) + 1) % PANELS)
    first = PANELS - 1
    return [panels[:first], *(panels[start : start + PANELS] for start in range(first, len(panels), PANELS))]


def phrase_sheets(book):
    """The own phrases on panels of the same size, the first of each sheet being its cover."""
    panels = list(panels_of(book.lines))
    return [panels[start : start + PANELS - 1] for start in range(0, len(panels), PANELS - 1)]


def panels_of(lines):
    """As many on each as fit, by their length; a longer one has a panel of its own."""
    panel, left = [], ROOM_OF_A_PANEL
    for line in lines:
        needed = line.width + ROOM_BETWEEN
        if panel and needed > left:
            yield panel
            panel, left = [], ROOM_OF_A_PANEL
        panel.append(line)
        left -= needed
    if panel:
        yield panel


@require_POST
@login_required
@form_on(home_address)
def finish(request, course):
    completing.finish(reading_of(request, course).enrollment)
    return redirect("home")
