"""Two accounts of one person become one, and two again, as does /people/<pk>/merge/. Nothing on record is rewritten."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import models, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.absences import absences_of
from courseware.accounts.doubles import doubles
from courseware.accounts.freshness import asks_who_it_is
from courseware.accounts.mergeable import CannotMerge, Unmerged, lock_both, open_again, shut, why_not_merge
from courseware.accounts.merges import Merge
from courseware.accounts.models import User
from courseware.accounts.offices import know_offices
from courseware.accounts.permissions import handles_people, may_change_sign_in, may_place
from courseware.accounts.person_field import PersonField
from courseware.assessment.models import OutsideTraining
from courseware.assessment.standing import work_out
from courseware.assignments import arrival_letter, changed_lesson_letters, ending_letters, reminding
from courseware.assignments.people_pages import certificates_of, placed_person_or_404, runs_of
from courseware.evidence.recording import NewEvent, record_many
from courseware.learning import day_answer_letter
from courseware.learning.course_letter import give_back, hand_over
from courseware.learning.days_told import keep_days_of
from courseware.learning.joint_runs import bring_together, hold, joint_runs, take_apart
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.postponing import settle, zone_of
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields
from courseware.lib.page_views import form_status, form_view, page_view, post_view
from courseware.outbox.models import Message, MessageState


class StaysMerged(models.TextChoices):
    UNDONE = "undone", _("This was taken back already.")
    LATE = "late", _("A merge can be undone for a day only, and that day is over.")
    LATER = "later", _("Another account was merged with this one since: undo that first.")


class CannotUndo(Exception):
    def __init__(self, why: StaysMerged) -> None:
        super().__init__(why)
        self.why = why


@transaction.atomic
def merge(kept: User, other: User, *, by: User, at: datetime | None = None) -> Merge:
    """From now on `other` is another name of `kept`. Repeated, it gives the same row. Raises CannotMerge."""
    at = at or timezone.now()
    kept, other = lock_both(kept, other)
    if found := Merge.objects.standing().filter(kept=kept, other=other).first():
        return found
    if why := why_not(kept, other, by):
        raise CannotMerge(why)
    new = Merge.objects.create(kept=kept, other=other, made_by=by, made_at=at, was_here=other.is_active)
    hold(kept, other)
    events = bring_together(new)
    events += shut(other, by, at)  # after the runs have gone: who has left is counted nowhere
    keep_standings(new)
    keep_days_of(list(runs_brought(new)), zone_of(other))
    hand_over(other, kept)
    follow_runs(other, kept)
    events += settle(kept, by, at)  # by the absences of the account that stays
    record_many([*told_of_both("merged", "merged-into", new, by, at), *events])
    return new


def why_not(kept: User, other: User, by: User) -> Unmerged | None:
    if why := why_not_merge(kept, other, by):
        return why
    # It is a fact about the account itself, and its log; a certificate belongs to a run, which can be brought over.
    trained = OutsideTraining.objects.filter(person=other, withdrawn_at=None)
    return Unmerged.TRAINED if trained.exists() else None


@transaction.atomic
def undo_merge(row: Merge, *, by: User, at: datetime | None = None) -> Merge:
    """Restore both accounts; a person who has left since has left by the account that stayed. Raises CannotUndo."""
    at = at or timezone.now()
    kept, other = lock_both(row.kept, row.other)
    found = Merge.objects.select_for_update(no_key=True).get(pk=row.pk)
    if why := why_it_stays(found, at):
        raise CannotUndo(why)
    hold(kept, other)
    found.kept, found.other = kept, other
    found.undone_at, found.undone_by = at, by
    found.save(update_fields=["undone_at", "undone_by"])
    events = open_again(found, by, at)
    events += take_apart(found, by, at)
    keep_standings(found)
    keep_days_of(list(runs_brought(found)), zone_of(kept))
    give_back(other, found.made_at)
    follow_runs(kept, other)
    events += [*settle(kept, by, at), *settle(other, by, at)]
    record_many([*told_of_both("merge-undone", "merged-no-more", found, by, at), *events])
    return found


def why_it_stays(row: Merge, at: datetime) -> StaysMerged | None:
    if row.undone_at:
        return StaysMerged.UNDONE
    if not row.may_be_undone_at(at):
        return StaysMerged.LATE
    later = Merge.objects.standing().filter(models.Q(kept=row.kept_id) | models.Q(other=row.kept_id), pk__gt=row.pk)
    return StaysMerged.LATER if later.exists() else None


def keep_standings(row: Merge) -> None:
    courses = set(row.runs.filter(is_brought=True).values_list("enrollment__course", flat=True))
    work_out([row.kept_id, row.other_id], courses)


def runs_brought(row: Merge) -> EnrollmentQuerySet:
    return Enrollment.objects.filter(merged_runs__merge=row, merged_runs__is_brought=True).with_zone().order_by("pk")


def follow_runs(before: User, now: User) -> None:
    """Pass queued emails about enrollments that are `now`'s to `now`.

    An email that is being sent stays, and `now` gets another one: better twice than not at all.
    """
    about_runs_of = (reminding, ending_letters, arrival_letter, changed_lesson_letters, day_answer_letter)
    kinds = [letter.KIND for letter in about_runs_of]
    about_runs = Message.objects.filter(kind__in=kinds, person=before, state=MessageState.QUEUED)
    letters = list(about_runs.select_for_update(no_key=True).order_by("pk"))
    runs = reminding.runs_in(letter.data for letter in letters)
    brought = set(Enrollment.objects.filter(pk__in=runs, learner=now).values_list("pk", flat=True))
    reader = {"person": now, "address": now.email or "", "language": now.language}
    for letter in letters:
        told = letter.data["subjects"]
        follows = [subject for subject in told if subject[0] in brought]
        if follows and follows == told and letter.may_be_taken_back:
            # A day that it was given was one of `before`; `now` may have had a letter on it.
            Message.objects.filter(pk=letter.pk).update(**reader, turn_sort="", turn_on=None)
        elif follows:
            Message.objects.create(kind=letter.kind, data={**letter.data, "subjects": follows}, **reader)


def told_of_both(of_kept: str, of_other: str, row: Merge, by: User, at: datetime) -> list[NewEvent]:
    return [
        NewEvent(of_kept, row.kept, by, {"merge": row.pk, "other": row.other_id}, at),
        NewEvent(of_other, row.other, by, {"merge": row.pk, "kept": row.kept_id}, at),
    ]


class OtherAccountForm(forms.Form):
    helper = Fields(error_summary=True)

    other = PersonField(label=_("E-mail or staff number of the other account"), also_gone=True)

    def __init__(self, *args, kept, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept, self.by = kept, by

    def clean_other(self):
        other = self.cleaned_data["other"]
        if why := why_not(self.kept, other, self.by):
            raise forms.ValidationError(why.label, code=why.value)
        return other


MERGES_A_PAGE, DOUBLES_SHOWN = 50, 50


@form_view("assignments:merge", reauthenticate=asks_who_it_is)
def merge_with(request, pk):
    kept = placed_person_or_404(request, pk)
    is_sent = request.method == "POST"
    data = request.POST if is_sent else request.GET if "other" in request.GET else None
    form = OtherAccountForm(data, kept=kept, by=request.user)
    other = form.cleaned_data["other"] if form.is_valid() else None
    if is_sent and other and is_merged(request, form, kept, other):
        return redirect("assignments:person", pk)
    context = {"kept": kept, "other": other, "form": form, **(preview_of(kept, other, request.user) if other else {})}
    return render(request, "assignments/merge.html", context, status=form_status(form) if is_sent else 200)


def is_merged(request, form, kept, other):
    """False where somebody else was quicker and has merged one of them otherwise: the form then says so."""
    try:
        merge(kept, other, by=request.user)
    except CannotMerge as refused:
        form.add_error("other", refused.why.label)
        return False
    note = gettext("%(other)s is another name of %(kept)s now.")
    messages.success(request, note % {"other": other.sign_in_name, "kept": kept.name})
    return True


def preview_of(kept, other, user):
    sides = []
    for account in (kept, other):
        teams = account.memberships.select_related("team").order_by("team__name", "pk")
        side = {"account": account, "places": list(teams), "runs": runs_of(account, user)}
        side["absences"] = absences_of(account)
        sides.append(side | {"certificates": certificates_of(account, site_day())})
    titles = {run.pk: run.title for side in sides for run in side["runs"]}
    names = {kept.pk: kept.sign_in_name, other.pk: other.sign_in_name}
    courses = []
    for _runs, joint in joint_runs(kept, other):
        if title := titles.get(joint.newest.pk):  # a course without a release is shown nowhere
            closed = [names[run.learner_id] for run in joint.closed]
            courses.append({"title": title, "stands": names[joint.newest.learner_id], "closed": closed})
    return {"sides": sides, "courses": courses}


@page_view(allowed=handles_people)
def merges(request):
    rows = Merge.objects.select_related("kept", "other", "made_by", "undone_by")
    page = Paginator(rows, MERGES_A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    know_offices([person for row in page.object_list for person in (row.kept, row.other)])
    for row in page.object_list:
        row.is_shown = may_place(request.user, row.kept)
        both = (row.kept, row.other)
        row.may_be_undone = row.may_be_undone_at(now) and all(may_change_sign_in(request.user, each) for each in both)
    found, more = doubles(without=request.user, most=DOUBLES_SHOWN)
    context = {"page": page, "doubles": found, "more": more}
    return render(request, "assignments/merges.html", context)


@post_view("assignments:merges", takes=(), allowed=handles_people)
def undo(request, pk):
    row = get_object_or_404(Merge.objects.select_related("kept", "other"), pk=pk)
    if not (may_change_sign_in(request.user, row.kept) and may_change_sign_in(request.user, row.other)):
        raise Http404
    try:
        undo_merge(row, by=request.user)
    except CannotUndo as refused:
        messages.error(request, refused.why.label)
    else:
        note = gettext("%(kept)s and %(other)s are two accounts again, as before.")
        messages.success(request, note % {"kept": row.kept.sign_in_name, "other": row.other.sign_in_name})
    return redirect("assignments:merges")
