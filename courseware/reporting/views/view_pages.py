"""/team/views/: filters of the board that are kept under a name."""

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from courseware.lib.page_views import post_view
from courseware.reporting.forms import BoardFilter, ViewForm
from courseware.reporting.saved_views import LONGEST_QUERY, MOST_VIEWS, SavedView, TooManyViews, keep_view
from courseware.reporting.views.board import filters_query, teams_or_404


def board_address(**places):
    return reverse("reporting:board")


@post_view(board_address, is_held=False)
def keep(request):
    """Of the address that is sent only what the board knows, and shows this reader, is kept."""
    teams = teams_or_404(request.user)
    form = ViewForm(request.POST)
    is_named = form.is_valid()
    query = filters_query(BoardFilter(QueryDict(form.cleaned_data.get("query", "")), teams=teams).chosen())
    if not query:
        messages.error(request, gettext("There is nothing to keep: set a filter first, then name the view."))
    elif len(query) > LONGEST_QUERY:
        messages.error(request, gettext("That is too long to be kept: search for a shorter name."))
    elif not is_named:
        messages.error(request, gettext("Name the view in up to 40 characters."))
    else:
        say_what_is_kept(request, form.cleaned_data["name"], query)
    return redirect(f"{board_address()}{query and f'?{query}'}")


def say_what_is_kept(request, name, query):
    try:
        keep_view(request.user, name, query)
    except TooManyViews:
        words = gettext("Up to %(most)d views are kept: take one away first.")
        messages.error(request, words % {"most": MOST_VIEWS})
    else:
        messages.success(request, gettext("The view “%(name)s” is kept above your board.") % {"name": name})


@post_view(board_address, is_held=False)
def take_away(request, pk):
    teams_or_404(request.user)
    SavedView.objects.filter(pk=pk, person=request.user).delete()  # gone already: as it was to be
    return redirect("reporting:board")
