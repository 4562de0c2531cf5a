"""/people/acts/<pk>/undo/"""

from itertools import groupby, islice
from operator import attrgetter

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext

from courseware.accounts.models import User
from courseware.assignments.certified_enrollments import undo_ending
from courseware.assignments.record_page import record_page
from courseware.learning.adjusting import call_off
from courseware.learning.adjustments import Adjustment
from courseware.learning.beginning import BATCH
from courseware.learning.models import Enrollment
from courseware.learning.undoing import lines_in_hands_of, undo
from courseware.lib.page_views import post_view

NAMES = 5  # that a sentence lists


@post_view("assignments:act")
def take_back(request, pk):
    """For the enrollment that the form names, or for all; where a worker still decides, only by who decided."""
    adjustment = get_object_or_404(Adjustment, pk=pk)
    chosen = request.POST.get("only", "")
    is_own = adjustment.made_by_id == request.user.pk
    spared = call_off(adjustment) if is_own and not chosen else 0
    lines = list(lines_in_hands_of(request.user, adjustment))
    if chosen:
        lines = [line for line in lines if chosen == str(line.enrollment_id)]
    if not lines and not spared:
        raise Http404
    if adjustment.people_left and not is_own and not chosen:
        messages.error(request, gettext("It is still going on. Take it back when it is done, in a minute or so."))
        return redirect("assignments:act", pk)
    done, left = [], []
    take_back_lines = undo_ending if adjustment.kind == Adjustment.Kind.CERTIFIED else undo
    for batch in batches(lines):
        done_now, left_now = take_back_lines(adjustment, batch, by=request.user)
        done += done_now
        left += left_now
    if spared:
        words = ngettext(
            "It goes no further: %(number)d person stays as before.",
            "It goes no further: %(number)d people stay as before.",
            spared,
        )
        messages.success(request, words % {"number": spared})
    say(request, adjustment, done, left)
    if chosen and Enrollment.objects.filter(pk=lines[0].enrollment_id).exists():
        return redirect(record_page(), lines[0].enrollment_id)
    return redirect("assignments:act", pk)


def batches(lines):
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield batch


def say(request, adjustment, done, left):
    names = dict(User.objects.filter(pk__in=[*done, *(each.learner for each in left)]).values_list("pk", "name"))
    if done:
        words = ngettext(
            "Taken back for %(number)d person: %(names)s.", "Taken back for %(number)d people: %(names)s.", len(done)
        )
        listed = names_in_words([names[pk] for pk in done])
        messages.success(request, words % {"number": len(done), "names": listed})
    for why, kept in groupby(sorted(left, key=attrgetter("why")), attrgetter("why")):
        listed = names_in_words([names[each.learner] for each in kept])
        messages.info(request, f"{listed}{gettext(': ')}{why.label}")


def names_in_words(names):
    """The first few, and how many more."""
    listed = gettext(", ").join(names[:NAMES])
    more = len(names) - NAMES
    if more <= 0:
        return listed
    return ngettext("%(names)s and %(number)d more", "%(names)s and %(number)d more", more) % {
        "names": listed,
        "number": more,
    }
