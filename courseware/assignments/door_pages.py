"""/people/doors/: the robots in chat groups, by team. For human resources and admins alone."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseware.accounts.freshness import asks_before_posting
from courseware.assignments.door_forms import GroupDoorForm
from courseware.assignments.door_keeping import ask_for_try, remove_door, save_door
from courseware.assignments.group_doors import CardState, GroupCard, GroupDoor
from courseware.assignments.people_pages import hr_or_404
from courseware.lib.form_pages import form_on
from courseware.lib.form_status import form_status

DOORS_A_PAGE = 50
CARDS_SHOWN = 20
hides_secrets = sensitive_post_parameters("new_address", "new_secret")  # from reports of errors


def door_address(pk, **places):
    return reverse("assignments:door", args=[pk])


@require_safe
@login_required
def doors(request):
    hr_or_404(request.user)
    newest = GroupCard.objects.filter(door=OuterRef("pk")).order_by("-pk")
    columns = {"card_state": Subquery(newest.values("state")[:1]), "card_at": Subquery(newest.values("written_at")[:1])}
    found = GroupDoor.objects.select_related("team").annotate(**columns)
    page = Paginator(found, DOORS_A_PAGE).get_page(request.GET.get("page"))
    for door in page.object_list:
        door.card_words = CardState(door.card_state).label if door.card_state else ""
    return render(request, "assignments/doors.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@hides_secrets
@login_required
@asks_before_posting
@form_on(lambda: reverse("assignments:new-door"), is_held=False)
def new_door(request):
    hr_or_404(request.user)
    initial = {"language": get_language(), "team": request.GET.get("team", "")}
    form = GroupDoorForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        save_door(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("The door is there. Try it, so that you see whether it opens."))
        return redirect("assignments:door", form.instance.pk)
    return render(request, "assignments/new_door.html", {"form": form}, status=form_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@hides_secrets
@login_required
@asks_before_posting
@form_on(door_address, is_held=False)
def door(request, pk):
    hr_or_404(request.user)
    found = get_object_or_404(GroupDoor.objects.select_related("team"), pk=pk)
    form = GroupDoorForm(request.POST if request.method == "POST" else None, instance=found)
    if form.is_valid():
        save_door(form.instance, form.changed_data, by=request.user)
        messages.success(request, gettext("The door is saved."))
        return redirect("assignments:door", pk)
    shown = GroupDoor.objects.select_related("team").get(pk=pk) if form.is_bound else found
    cards = GroupCard.objects.filter(door=pk)[:CARDS_SHOWN]
    context = {"door": shown, "form": form, "cards": cards}
    return render(request, "assignments/door.html", context, status=form_status(form))


@require_POST
@login_required
@form_on(door_address)
def try_it(request, pk):
    hr_or_404(request.user)
    found = get_object_or_404(GroupDoor.objects.select_related("team"), pk=pk)
    if ask_for_try(found, by=request.user):
        note = gettext("A card is on its way. In a few seconds its answer stands below: open this page again.")
        messages.success(request, note)
    else:
        messages.warning(request, gettext("A card is on its way already, or the door is shut: save it anew first."))
    return redirect("assignments:door", pk)


@require_POST
@login_required
@form_on(door_address)
def take_away(request, pk):
    hr_or_404(request.user)
    found = get_object_or_404(GroupDoor.objects.select_related("team"), pk=pk)
    remove_door(found, by=request.user)
    messages.success(request, gettext("The door into the group of “%(team)s” is taken away.") % {"team": found.team})
    return redirect("assignments:doors")
