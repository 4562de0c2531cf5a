"""/people/merges/, /people/<pk>/merge/: merge two accounts of one person; list and undo merges."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absences_of
from courseware.accounts.models import AccountMerge
from courseware.accounts.people.duplicates import find_duplicates
from courseware.accounts.people.form_fields import PersonField
from courseware.accounts.people.merge_checks import CannotMerge
from courseware.accounts.permissions.permissions import handles_people, may_change_membership, may_change_sign_in
from courseware.accounts.permissions.roles import prefetch_roles
from courseware.accounts.security.reauthentication import requires_reauthentication
from courseware.hr.people.account_merge import CannotUndo, merge, undo_merge, why_not
from courseware.hr.people.views import certificates_of, enrollments_of, member_or_404
from courseware.learning.enrollments.account_merge import joined_enrollments
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.page_views import form_status, form_view, page_view, post_view


class OtherAccountForm(forms.Form):
    helper = Fields(error_summary=True)

    other = PersonField(label=_("Email or staff number of the other account"), also_gone=True)

    def __init__(self, *args, kept, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept, self.by = kept, by

    def clean_other(self):
        other = self.cleaned_data["other"]
        if why := why_not(self.kept, other, self.by):
            raise forms.ValidationError(why.label, code=why.value)
        return other


MERGES_A_PAGE, DOUBLES_SHOWN = 50, 50


@form_view("hr:merge", reauthenticate=requires_reauthentication)
def merge_with(request, pk):
    kept = member_or_404(request, pk)
    is_sent = request.method == "POST"
    data = request.POST if is_sent else request.GET if "other" in request.GET else None
    form = OtherAccountForm(data, kept=kept, by=request.user)
    other = form.cleaned_data["other"] if form.is_valid() else None
    if is_sent and other and is_merged(request, form, kept, other):
        return redirect("hr:person", pk)
    context = {"kept": kept, "other": other, "form": form, **(preview_of(kept, other, request.user) if other else {})}
    return render(request, "hr/merge.html", context, status=form_status(form) if is_sent else 200)


def is_merged(request, form, kept, other):
    """Merge the accounts. Return False if that failed; the form then has the error."""
    try:
        merge(kept, other, by=request.user)
    except CannotMerge as refused:
        form.add_error("other", refused.why.label)
        return False
    note = gettext("The account %(other)s was merged into the account of %(kept)s.")
    messages.success(request, note % {"other": other.sign_in_name, "kept": kept.name})
    return True


def preview_of(kept, other, user):
    """Return the template context: both accounts, and per course the account that stays and those that close."""
    sides = []
    for account in (kept, other):
        teams = account.memberships.select_related("team").order_by("team__name", "pk")
        side = {"account": account, "places": list(teams), "runs": enrollments_of(account, user)}
        side["absences"] = absences_of(account)
        sides.append(side | {"certificates": certificates_of(account, site_day())})
    titles = {enrollment.pk: enrollment.title for side in sides for enrollment in side["runs"]}
    names = {kept.pk: kept.sign_in_name, other.pk: other.sign_in_name}
    courses = []
    for _enrollments, joined in joined_enrollments(kept, other):
        if title := titles.get(joined.newest.pk):  # a course without a release is shown nowhere
            closed = [names[enrollment.learner_id] for enrollment in joined.closed]
            courses.append({"title": title, "stands": names[joined.newest.learner_id], "closed": closed})
    return {"sides": sides, "courses": courses}


@page_view(allowed=handles_people)
def merges(request):
    rows = AccountMerge.objects.select_related("kept", "other", "made_by", "undone_by")
    page = Paginator(rows, MERGES_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    prefetch_roles([person for row in page.object_list for person in (row.kept, row.other)])
    for row in page.object_list:
        row.is_shown = may_change_membership(request.user, row.kept)
        both = (row.kept, row.other)
        row.may_be_undone = row.may_be_undone_at(now) and all(may_change_sign_in(request.user, each) for each in both)
    found, more = find_duplicates(without=request.user, most=DOUBLES_SHOWN)
    context = {"page": page, "doubles": found, "more": more}
    return render(request, "hr/merges.html", context)


@post_view("hr:merges", takes=(), allowed=handles_people)
def undo(request, pk):
    row = get_object_or_404(AccountMerge.objects.select_related("kept", "other"), pk=pk)
    if not (may_change_sign_in(request.user, row.kept) and may_change_sign_in(request.user, row.other)):
        raise Http404
    try:
        undo_merge(row, by=request.user)
    except CannotUndo as refused:
        messages.error(request, refused.why.label)
    else:
        note = gettext("%(kept)s and %(other)s are two separate accounts again.")
        messages.success(request, note % {"kept": row.kept.sign_in_name, "other": row.other.sign_in_name})
    return redirect("hr:merges")
