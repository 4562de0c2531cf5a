"""/people/doors/: the robots in chat groups, by team. For human resources and admins alone."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.debug import sensitive_post_parameters

from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.permissions import handles_people
from courseware.assignments.door_forms import GroupDoorForm
from courseware.assignments.door_keeping import ask_for_try, remove_door, save_door
from courseware.assignments.group_doors import CardState, GroupCard, GroupDoor
from courseware.lib.page_views import form_view, page_view, post_view, posted, render_form

DOORS_A_PAGE = 50
CARDS_SHOWN = 20
hides_secrets = sensitive_post_parameters("new_address", "new_secret")  # from reports of errors


def door_address(pk, **places):
    return reverse("assignments:door", args=[pk])


@page_view(allowed=handles_people)
def doors(request):
    newest = GroupCard.objects.filter(door=OuterRef("pk")).order_by("-pk")
    columns = {"card_state": Subquery(newest.values("state")[:1]), "card_at": Subquery(newest.values("written_at")[:1])}
    found = GroupDoor.objects.select_related("team").annotate(**columns)
    page = Paginator(found, DOORS_A_PAGE).get_page(request.GET.get("page"))
    for door in page.object_list:
        door.card_words = CardState(door.card_state).label if door.card_state else ""
    return render(request, "assignments/doors.html", {"page": page})


@hides_secrets
@form_view(
    lambda: reverse("assignments:new-door"), allowed=handles_people, reauthenticate=asks_before_posting, is_held=False
)
def new_door(request):
    initial = {"language": get_language(), "team": request.GET.get("team", "")}
    form = GroupDoorForm(posted(request), initial=initial)
    if form.is_valid():
        save_door(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("The door is there. Try it, so that you see whether it opens."))
        return redirect("assignments:door", form.instance.pk)
    return render_form(request, "assignments/new_door.html", form)


@hides_secrets
@form_view(door_address, allowed=handles_people, reauthenticate=asks_before_posting, is_held=False)
def door(request, pk):
    found = get_object_or_404(GroupDoor.objects.select_related("team"), pk=pk)
    form = GroupDoorForm(posted(request), instance=found)
    if form.is_valid():
        save_door(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("The door is saved."))
        return redirect("assignments:door", pk)
    shown = GroupDoor.objects.select_related("team").get(pk=pk) if form.is_bound else found
    cards = GroupCard.objects.filter(door=pk)[:CARDS_SHOWN]
    context = {"door": shown, "cards": cards}
    return render_form(request, "assignments/door.html", form, context)


@post_view(door_address, allowed=handles_people)
def try_it(request, pk):
    found = get_object_or_404(GroupDoor.objects.select_related("team"), pk=pk)
    if ask_for_try(found, by=request.user):
        note = gettext("A card is on its way. In a few seconds its answer stands below: open this page again.")
        messages.success(request, note)
    else:
        messages.warning(request, gettext("A card is on its way already, or the door is shut: save it anew first."))
    return redirect("assignments:door", pk)


@post_view(door_address, allowed=handles_people)
def take_away(request, pk):
    found = get_object_or_404(GroupDoor.objects.select_related("team"), pk=pk)
    remove_door(found, by=request.user)
    messages.success(request, gettext("The door into the group of “%(team)s” is taken away.") % {"team": found.team})
    return redirect("assignments:doors")
