"""/people/import/: upload a list of people, review and approve its changes, follow its progress."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import RosterImport, Team
from courseware.accounts.permissions.permissions import handles_people
from courseware.accounts.roster_import import messages as sentences
from courseware.accounts.roster_import.apply import (
    CONFLICT,
    LEFT_OUT,
    IdentifierTaken,
    NotSure,
    begin_applying,
    outcome_lines,
    stop_applying,
)
from courseware.accounts.roster_import.comparison import (
    BAD,
    CHANGE,
    JOIN,
    LEAVE,
    LINE_KINDS,
    MOVE,
    RETURN,
    needs_second_yes,
)
from courseware.accounts.roster_import.file_formats import ENCODINGS
from courseware.accounts.roster_import.parser import ListRefused
from courseware.accounts.roster_import.upload import store_upload
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.hr.roster_import.nightly import apply_next_chunk, job_roles_by_title
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_view, posted, render_form

NEW_TEAMS_NAMED = 60
MOST_UPLOADED = 2_500_000  # bytes; a proxy in front accepts 3,000,000


class ListForm(forms.Form):
    helper = Fields(error_summary=True)

    file = forms.FileField(label=_("File"), help_text=_("XLSX, XLS, ODS or CSV, with a row of headings."))
    is_complete = forms.BooleanField(
        label=_("This list contains all people in the company. People who are not on the list have left the company"),
        required=False,
    )
    encoding = forms.ChoiceField(
        label=_("Encoding of the CSV file"),
        required=False,
        choices=[("", _("detect automatically")), *((name, name.upper()) for name in ENCODINGS)],
        help_text=_("Choose an encoding only if names look wrong."),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_UPLOADED:
            raise forms.ValidationError(sentences.REFUSALS["too-large"])
        return file

    def bring(self, *, by):
        """Store the compared list and return it; None if the file cannot be used, with an error in the form."""
        cleaned = self.cleaned_data
        options = {"is_complete": cleaned["is_complete"], "encoding": cleaned["encoding"]}
        try:
            return store_upload(
                cleaned["file"].read(), cleaned["file"].name, by=by, job_roles=job_roles_by_title(), **options
            )
        except ListRefused as refused:
            self.add_error("file", sentences.REFUSALS[refused.code])
            return None


class ApplyForm(forms.Form):
    invites = forms.BooleanField(
        label=_("Send an invitation to every new person who has an email address"), required=False, initial=True
    )
    is_sure = forms.BooleanField(
        label=_("I have checked which people leave the company, and which teams will have no manager"), required=False
    )

    creates_teams = forms.BooleanField(required=False)

    field_order = ("creates_teams", "invites", "is_sure")

    def __init__(self, *args, needs_second_yes, joins, new_teams, **kwargs):
        """`new_teams`: path of each team to create → number of rows that name it. `joins`: number of new people."""
        super().__init__(*args, **kwargs)
        if new_teams:
            label = ngettext(
                "%(number)d team does not exist yet: create it",
                "%(number)d teams do not exist yet: create them",
                len(new_teams),
            )
            self.fields["creates_teams"].label = label % {"number": len(new_teams)}
            listed = [f"{path} ({number})" if number else path for path, number in new_teams.items()]
            more = [f"… {len(listed) - NEW_TEAMS_NAMED}"] if len(listed) > NEW_TEAMS_NAMED else []
            self.fields["creates_teams"].help_text = gettext(", ").join(listed[:NEW_TEAMS_NAMED] + more)
        else:
            del self.fields["creates_teams"]
        if not needs_second_yes:
            del self.fields["is_sure"]
        if not joins:
            del self.fields["invites"]
        self.helper = Fields(error_summary=True)


SHOWN = 3  # of each kind; a link shows all
BAD_SHOWN = 100  # with more, the file should be corrected
RECENT = 10


@form_view("hr:import", allowed=handles_people, is_held=False)
def import_list(request):
    form = ListForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid() and (roster := form.bring(by=request.user)):
        return redirect("hr:imported", roster.pk)
    recent = visible_to(request.user).select_related("by").order_by("-read_at")[:RECENT]
    return render_form(request, "hr/import.html", form, {"recent": recent})


def visible_to(user):
    """Return a queryset of the lists that `user` may see; HR does not see lists of superusers."""
    rosters = RosterImport.objects.all()
    return rosters if user.is_superuser else rosters.exclude(by__is_superuser=True)


@form_view("hr:imported", allowed=handles_people, reauthenticate=asks_before_posting, is_held=False)
def imported(request, roster):
    roster = get_object_or_404(visible_to(request.user), pk=roster)
    if roster.begun_at:
        if request.method != "POST":
            return progress_page(request, roster)
        if "stop" in request.POST:
            say_why_stopped(request, stop_applying(roster.pk, by=request.user))
        return redirect("hr:imported", roster.pk)
    options = {"needs_second_yes": needs_second_yes(roster.notes), "joins": roster.counts[JOIN] + roster.counts[BAD]}
    options["new_teams"] = roster.notes.get("new_teams", {})
    form = ApplyForm(posted(request), **options)
    if form.is_valid() and has_begun(request, roster, form):
        return redirect("hr:imported", roster.pk)
    return difference_page(request, roster, form)


def say_why_stopped(request, is_stopped):
    if is_stopped:
        messages.success(
            request, gettext("The import was stopped. The imported rows stay, and the other rows are skipped.")
        )
    else:
        messages.info(request, gettext("Nothing was stopped. The list is already imported."))


def has_begun(request, roster, form):
    """Approve the list and start its task. Return False if it needs a decision; the form then has the error."""
    take = set(keys_in(request.POST.getlist("take")))
    cleaned = form.cleaned_data
    try:
        with transaction.atomic():
            options = {name: cleaned.get(name, False) for name in ("is_sure", "invites", "creates_teams")}
            if begin_applying(roster, by=request.user, take=take, **options):
                apply_next_chunk.enqueue(roster.pk)
    except NotSure:
        form.add_error(
            "is_sure",
            gettext("Check again which people leave and which teams will have no manager, then tick this box."),
        )
    except IdentifierTaken:
        form.add_error(
            None, gettext("Some rows that you selected have the same person or address. Select only one of them.")
        )
    return form.is_valid()


def difference_page(request, roster, form):
    kind = request.GET.get("kind", "")
    if kind and kind not in LINE_KINDS:
        raise Http404
    first = {each: first_lines(roster, each, BAD_SHOWN if each == BAD else SHOWN) for each in LINE_KINDS}
    total = sum(roster.counts[each] for each in (JOIN, RETURN, MOVE, CHANGE, LEAVE))
    context = {"roster": roster, "kinds": first, "notes": roster.notes, "total": total}
    first[BAD] = [line for line in first[BAD] if not line.is_about_new_team]
    context["bad_number"] = roster.counts[BAD] - roster.notes.get("in_new_teams", 0)
    context["takes_some"] = any(line.otherwise for line in first[BAD]) or "creates_teams" in form.fields
    if kind:
        page = Paginator(roster.parts.filter(kind=kind), 1).get_page(request.GET.get("page"))
        context |= {"kind": kind, "page": page, "lines": [line for chunk in page for line in chunk.rows]}
    chosen = set(request.POST.getlist("take"))
    prepare(context.get("lines", []), *first.values(), chosen=chosen if form.is_bound else None)
    return render_form(request, "hr/difference.html", form, context)


def first_lines(roster, kind, number):
    """Return the first `number` rows of `kind`, one of LINE_KINDS."""
    lines = []
    for chunk in roster.parts.filter(kind=kind)[: -(-number // 50)]:
        lines += chunk.rows
    return lines[:number]


def prepare(*groups, chosen):
    """Add labels and team names to rows of `groups` (lists). `chosen`: ticked line numbers (text); None: preselect."""
    lines = [line for group in groups for line in group]
    names = Team.objects.in_bulk({key for line in lines for key in (line.team, *line.teams_were) if key})
    for line in lines:
        line.team_name = names.get(line.team, "")
        line.teams_were_names = [names[key] for key in line.teams_were if key in names]
        line.fields = [
            {"label": sentences.FIELDS[name], "was": line.was[name], "to": value}
            for name, value in line.to.items()
            if line.kind not in (JOIN, LEAVE)
        ]
        if line.otherwise:
            line.is_taken = str(line.line) in chosen if chosen is not None else is_likely(line)
        if line.conflict:
            line.words = sentences.CONFLICTS[line.conflict]
            line.label = sentences.FIELDS.get(line.field, "")


def is_likely(line):
    """Return whether a bad row is preselected: its only problem is a misspelled team."""
    return [fault.code for fault in line.problems] == ["near-team"]


def progress_page(request, roster):
    chunks = roster.parts.exclude(applied_at=None).values_list("lines", flat=True)
    done = sum(len(lines) for lines in chunks)
    conflicts, left_out = outcome_lines(roster, CONFLICT), outcome_lines(roster, LEFT_OUT)
    prepare(conflicts[:BAD_SHOWN], left_out[:BAD_SHOWN], chosen=None)
    context = {
        "roster": roster,
        "done": done,
        "all": sum(roster.counts[kind] for kind in LINE_KINDS),
        "conflicts": conflicts[:BAD_SHOWN],
        "conflicts_number": len(conflicts),
        "left_out": left_out[:BAD_SHOWN],
        "left_out_number": len(left_out),
    }
    return render(request, "hr/importing.html", context)
