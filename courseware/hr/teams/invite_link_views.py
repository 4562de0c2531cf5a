"""/people/invite-links/: invite links and requests to join; /people/<pk>/code/, /people/codes/: sign-in codes."""

from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from courseware.accounts.models import JoinRequest, Membership, Team, TeamInviteLink, User
from courseware.accounts.permissions.permissions import handles_people, people_managed_by, undecidable_ids
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.accounts.sign_in.sign_in_codes import (
    CODES_AT_ONCE,
    HOLDS_FOR,
    give_code,
    give_codes,
    may_give_code,
    new_form_token,
    people_without_code,
    people_without_email,
    valid_codes,
)
from courseware.accounts.teams.invite_links import (
    AccountExists,
    acceptable_people,
    address_of,
    answer_request,
    end_link,
    make_link,
    teams_to_link,
)
from courseware.hr.people.forms import CodesForm
from courseware.lib.dates import due_instant, site_day
from courseware.lib.text.pdf import qr_svg
from courseware.lib.web.form_layout import DayInput, Fields
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_view, post_view, posted, render_form

SHOWN = 50
LONGEST, USUAL = 90, 7  # days


class InviteLinkForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none())
    ends_on = forms.DateField(
        label=_("Valid until"), widget=DayInput, help_text=_("The last day on which the link works.")
    )
    uses = forms.IntegerField(label=_("How many people can join"), min_value=1, max_value=500, initial=20)

    def __init__(self, *args, teams, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams
        self.initial["ends_on"] = site_day() + timedelta(days=USUAL)

    def clean_ends_on(self):
        ends_on, team = self.cleaned_data["ends_on"], self.cleaned_data.get("team")
        today = timezone.localdate(timezone=team.zone) if team else site_day()  # the day ends where the team is
        if not today <= ends_on <= today + timedelta(days=LONGEST):
            message = _("Choose today or a later date, at most %(days)d days from today.")
            raise forms.ValidationError(message, params={"days": LONGEST})
        return ends_on


def teams_or_404(user):
    """Return a queryset of teams for which `user` may create links. Raise Http404 if there are none."""
    teams = teams_to_link(user)
    if not teams.exists():
        raise Http404
    return teams


@form_view("hr:invite-links", reauthenticate=asks_before_posting)
def invite_links(request):
    teams = teams_or_404(request.user)
    form = InviteLinkForm(posted(request), teams=teams)
    if form.is_valid():
        ends_at = due_instant(form.cleaned_data["ends_on"], form.cleaned_data["team"].zone)
        link = make_link(form.cleaned_data["team"], ends_at=ends_at, uses=form.cleaned_data["uses"], by=request.user)
        return redirect("hr:invite-link", link.pk)
    links = (
        TeamInviteLink.objects.open(timezone.now())
        .filter(team__in=teams.values("pk"))
        .select_related("team", "made_by")
    )
    context = {
        "links": links.order_by("ends_at", "pk")[:SHOWN],
        "waiting": waiting_for(teams, request.user),
        "prints_codes": handles_people(request.user),
    }
    return render_form(request, "hr/invite_links.html", form, context)


def waiting_for(teams, user):
    """Return up to SHOWN open requests to join these teams (a queryset), oldest first. `may_come`: `user` may accept
    the request. Show `person` (account with the typed staff number, or None) only if `is_named`: anyone can type any
    number.
    """
    requests = JoinRequest.objects.filter(is_accepted=None, link__team__in=teams.values("pk"))
    requests = list(requests.select_related("link__team").order_by("pk")[:SHOWN])
    found = User.objects.filter(staff_number__in=[each.staff_number for each in requests])
    people = {person.staff_number: person for person in found}
    may_come = set(acceptable_people(user).filter(pk__in=[each.pk for each in found]).values_list("pk", flat=True))
    sees_all = handles_people(user)
    own = set() if sees_all else set(people_managed_by(user).filter(person__in=found).values_list("person", flat=True))
    for each in requests:
        each.person = people.get(each.staff_number)
        each.is_named = each.person is not None and (sees_all or each.person.pk in own)
        each.may_come = each.person is None or each.person.pk in may_come
    return requests


@form_view("hr:invite-links", takes=())
def team_link(request, pk):
    """Show the link; a POST ends it."""
    link = get_object_or_404(TeamInviteLink.objects.filter(team__in=teams_or_404(request.user).values("pk")), pk=pk)
    if request.method == "POST":
        if end_link(link, by=request.user):
            messages.success(request, gettext("The invite link no longer works."))
        return redirect("hr:invite-links")
    if not TeamInviteLink.objects.open(timezone.now()).filter(pk=pk).exists():
        raise Http404
    address = address_of(link)
    picture = "data:image/svg+xml;base64," + b64encode(qr_svg(address)).decode()
    last = link.ends_at.astimezone(link.team.zone) - timedelta(seconds=1)
    context = {"link": link, "address": address, "picture": picture, "last": last}
    return render(request, "hr/invite_link.html", context)


@post_view("hr:invite-links", takes=())
def answer(request, pk):
    """Accept the request if `answer` is "yes", else decline it."""
    teams = teams_or_404(request.user).values("pk")
    join_request = get_object_or_404(JoinRequest.objects.filter(link__team__in=teams), pk=pk)
    is_accepted = request.POST.get("answer") == "yes"
    try:
        is_new = answer_request(join_request, is_accepted, by=request.user)
    except AccountExists:
        messages.error(
            request,
            gettext(
                "This staff number already belongs to an account. The person must sign in with that account "
                "and cannot join through the link."
            ),
        )
        return redirect("hr:invite-links")
    if is_new:
        yes = gettext("%(name)s can now join by opening the link again.")
        no = gettext("%(name)s cannot join with this link.")
        messages.success(request, (yes if is_accepted else no) % {"name": join_request.name})
    return redirect("hr:invite-links")


CODES_SHOWN = 200  # people who have a valid code


@form_view("hr:sign-in-code", is_held=False)
@never_cache
def sign_in_code(request, pk):
    person = get_object_or_404(User, pk=pk)
    if not may_give_code(request.user, person):
        raise Http404
    return code_page(request, person)


@asks_before_posting
def code_page(request, person):
    """A POST creates a sign-in code and shows it once; a repeated POST creates another code."""
    code = give_code(person, by=request.user) if request.method == "POST" else ""
    host = urlsplit(settings.SITE_URL).netloc
    return render(request, "hr/sign_in_code.html", {"person": person, "code": code, "host": host})


@form_view("hr:sign-in-codes", allowed=handles_people, is_held=False)
@never_cache
@asks_before_posting
def sign_in_codes(request):
    """A POST creates codes and shows them; sent again within 2 minutes, it shows the same codes."""
    at = timezone.now()
    if request.method == "POST":
        keys = keys_in(request.POST.getlist("person"))[:CODES_AT_ONCE]
        slips = give_codes(keys, request.POST.get("token", ""), by=request.user, at=at) if keys else []
        if slips:
            context = {"slips": with_teams(slips), "host": urlsplit(settings.SITE_URL).netloc}
            return render(request, "hr/printed_codes.html", context)
        messages.info(
            request,
            gettext("No code was created. You selected nobody, or all selected people already have a valid code."),
        )
        return redirect("hr:sign-in-codes")
    form = CodesForm(request.GET)
    people = form.chosen_from(people_without_code(at).exclude(pk__in=undecidable_ids(request.user)))
    have = form.chosen_from(people_without_email())
    context = {
        "form": form,
        "people": list(people[:CODES_AT_ONCE]),
        "number": people.count(),
        "most": CODES_AT_ONCE,
        "valid": list(valid_codes(have, at).select_related("person").order_by("person__name", "person")[:CODES_SHOWN]),
        "holds_for": HOLDS_FOR,
        "token": new_form_token(),
    }
    for code in context["valid"]:
        code.until = code.given_at + HOLDS_FOR
    return render(request, "hr/sign_in_codes.html", context)


def with_teams(slips):
    """Return (slip, name of the team joined first, or "") pairs. Runs one query."""
    memberships = Membership.objects.filter(person__in=[slip.person.pk for slip in slips]).order_by("-pk")
    teams = dict(memberships.values_list("person", "team__name"))
    return [(slip, teams.get(slip.person.pk, "")) for slip in slips]
