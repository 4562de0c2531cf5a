"""Pages of managers' actions: change enrollments, send reminders, add notes, and undo each."""

import uuid
from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import LONGEST_NOTE, Note, Team, User
from courseware.accounts.people.notes import withdraw_notes, write_note
from courseware.accounts.permissions.permissions import learners_of, manages_people, people_handled_by
from courseware.accounts.sign_in.return_urls import page_before
from courseware.assignments.manager_actions.daily_actions import LeftOut, left_out, remind, undo_reminding
from courseware.assignments.models import ManualReminder
from courseware.assignments.names_text import by_reason, names_text, say_by_reason
from courseware.assignments.rules.certified_enrollments import undo_ending
from courseware.learning.enrollments.adjustments import (
    call_off,
    can_undo,
    items_manageable_by,
    newest_lines,
    start_adjustment,
    undo,
)
from courseware.learning.enrollments.creation import BATCH
from courseware.learning.manager_actions import described_by
from courseware.learning.manager_actions.certified import EndCertified
from courseware.learning.manager_actions.manager_action import ActionForm, ActionRefusal, why_not_decide
from courseware.learning.models import Adjustment, Enrollment
from courseware.lib.db.chunks import batches
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_view, page_view, post_view, posted, render_form

_names: dict[str, str] = {}


def register_record_page(url_name: str) -> None:
    """Set the URL name of a person's page, which takes an enrollment id. Call it in `ready()`."""
    _names["page"] = url_name


def record_page() -> str:
    return _names["page"]


@post_view("assignments:change")
def undo_change(request, pk):
    """Undo for the enrollment `only` (id), or for all. While a worker is busy, only the author may undo for all."""
    adjustment = get_object_or_404(Adjustment, pk=pk)
    chosen = request.POST.get("only", "")
    is_own = adjustment.made_by_id == request.user.pk
    stopped = call_off(adjustment) if is_own and not chosen else 0
    items = list(items_manageable_by(request.user, adjustment))
    if chosen:
        items = [item for item in items if chosen == str(item.enrollment_id)]
    if not items and not stopped:
        raise Http404
    if adjustment.people_left and not is_own and not chosen:
        messages.error(
            request, gettext("The site is still making this change. Wait 1 or 2 minutes, and then undo the change.")
        )
        return redirect("assignments:change", pk)
    done, left = [], []
    take_back_lines = undo_ending if adjustment.kind == EndCertified.kind else undo
    for batch in batches(items, BATCH):
        done_now, left_now = take_back_lines(adjustment, batch, by=request.user)
        done += done_now
        left += left_now
    if stopped:
        words = ngettext(
            "The change was stopped. Nothing was changed for %(number)d person.",
            "The change was stopped. Nothing was changed for %(number)d people.",
            stopped,
        )
        messages.success(request, words % {"number": stopped})
    say(request, adjustment, done, left)
    if chosen and Enrollment.objects.filter(pk=items[0].enrollment_id).exists():
        return redirect(record_page(), items[0].enrollment_id)
    return redirect("assignments:change", pk)


def say(request, adjustment, done, left):
    names = dict(User.objects.filter(pk__in=[*done, *(each.learner for each in left)]).values_list("pk", "name"))
    if done:
        words = ngettext(
            "The change was undone for %(number)d person: %(names)s.",
            "The change was undone for %(number)d people: %(names)s.",
            len(done),
        )
        listed = names_text([names[pk] for pk in done])
        messages.success(request, words % {"number": len(done), "names": listed})
    say_by_reason(request, [(each.why, str(each.why.label), names[each.learner]) for each in left])


LINES_A_PAGE = 50
OF_A_ROW = ("learner__name", "course", "completed_at", "exempted_at")


def chosen_enrollments(seen, data):
    """Return the newest of the enrollments `seen`, of active people in published courses, that `data` (QueryDict)
    names: by team ids in "team", with the teams below, else by enrollment ids in "row".
    """
    enrollments = seen.newest().filter(course__current__isnull=False, learner__is_active=True)
    if team := keys_in(data.getlist("team")):
        return enrollments.filter(learner__in=learners_of(Team.objects.filter(pk__in=team).with_subteams()))
    return enrollments.filter(pk__in=keys_in(data.getlist("row")))


def chosen_people(user, data):
    """Return active people whom `user` handles and `data` (QueryDict) names: by team ids in "team", with the teams
    below, else by enrollment ids in "row", else by person ids in "person".
    """
    people = people_handled_by(user).filter(is_active=True)
    if team := keys_in(data.getlist("team")):
        return people.filter(pk__in=learners_of(Team.objects.filter(pk__in=team).with_subteams()))
    if keys_in(data.getlist("row")):
        return people.filter(pk__in=chosen_enrollments(Enrollment.objects.visible_to(user), data).values("learner"))
    return people.filter(pk__in=keys_in(data.getlist("person")))


@form_view(lambda action: reverse(f"assignments:decide-{action.address}"), allowed=manages_people, is_held=False)
def decide_on(request, action):
    form = action.form(posted(request))
    touched, left = preview(request.user, action, data_of(request))
    if request.method == "POST" and touched and form.is_valid():
        adjustment = Adjustment(kind=action.kind, made_by=request.user, **form.cleaned_data)
        made, refused = start_adjustment(adjustment, touched)
        if made:
            number = made.lines.count()
            words = ngettext(
                "The change was made for %(number)d person.", "The change was made for %(number)d people.", number
            )
            messages.success(request, words % {"number": number})
            say_who_was_skipped(request, refused)
            return redirect("assignments:change", made.pk)
        form.add_error(
            None, gettext("This change would have no effect on the selected people, so nothing was changed.")
        )
    reasons = [(why.label, names_text(names)) for why, names in left.items()]
    return preview_page(request, action, form, list(touched.values()), reasons)


def data_of(request):
    return request.POST if request.method == "POST" else request.GET


def preview_page(request, action, form, names, left=()):
    """Return the page of an action. `names`: of people affected; `left`: (reason, names as text) of other people."""
    data = data_of(request)
    context = {
        "action": action,
        "touched": len(names),
        "names": names_text(names),
        "left": left,
        "chosen": [(name, key) for name in ("row", "team", "person") for key in keys_in(data.getlist(name))],
        "page_before": page_before(request),
    }
    return render_form(request, "assignments/decide.html", form, context)


def preview(user, action, data):
    """Return (id → name of people affected, refusal → names of other people). The ids are of people if
    `action.is_about_people`, else of enrollments. `data`: see `chosen_people`.
    """
    touched, left = {}, {}
    adjustment = Adjustment(kind=action.kind, made_by=user)
    if action.is_about_people:
        for key, name in chosen_people(user, data).order_by("name", "pk").values_list("pk", "name"):
            if why := why_not_decide(adjustment, key):
                left.setdefault(why, []).append(name)
            else:
                touched[key] = name
        return touched, left
    shown = chosen_enrollments(Enrollment.objects.visible_to(user), data).select_related("learner").only(*OF_A_ROW)
    changeable = set(chosen_enrollments(Enrollment.objects.manageable_by(user), data).values_list("pk", flat=True))
    for enrollment in shown.order_by("learner__name", "pk"):
        why = why_not_decide(adjustment, enrollment.learner_id) or (
            None if enrollment.pk in changeable else ActionRefusal.OTHERS
        )
        if why := why or action.refusal(adjustment, enrollment):
            left.setdefault(why, []).append(enrollment.learner.name)
        else:
            touched[enrollment.pk] = enrollment.learner.name
    return touched, left


def say_who_was_skipped(request, refused):
    names = dict(User.objects.filter(pk__in=[each.learner for each in refused]).values_list("pk", "name"))
    say_by_reason(request, sorted((each.why, str(each.why.label), names[each.learner]) for each in refused))


@page_view()
def act(request, pk):
    adjustment = get_object_or_404(Adjustment.objects.select_related("made_by", "course"), pk=pk)
    items = items_manageable_by(request.user, adjustment).select_related("learner")
    is_own = adjustment.made_by_id == request.user.pk
    if not (is_own or items.exists()):
        raise Http404
    page = Paginator(items, LINES_A_PAGE).get_page(request.GET.get("page"))
    newest = newest_lines([item.enrollment_id for item in page.object_list])
    action = described_by(adjustment)
    context = {
        "adjustment": adjustment,
        "action": action,
        "heading": action.heading(adjustment),
        "page": page,
        "may_undo": bool(is_own and adjustment.people_left) or any(can_undo(item, newest) for item in page.object_list),
        "record_page": record_page(),
    }
    return render(request, "assignments/change.html", context)


MOST_AT_ONCE = 500
REMIND = SimpleNamespace(title=_("Send reminder"), button=_("Send reminders"))


@form_view("assignments:remind", allowed=manages_people)
def remind_chosen(request):
    form = ActionForm(posted(request))  # without fields: the email is written when it is sent
    chosen = chosen_enrollments(Enrollment.objects.manageable_by(request.user), data_of(request))
    enrollments = list(chosen.select_related("learner").order_by("learner__name", "pk"))
    why = left_out(enrollments, request.user)
    able = [each for each in enrollments if each.pk not in why]
    is_sent = request.method == "POST" and able and form.is_valid()
    if is_sent and (made := sent_or_refused(request, form, enrollments, able)):
        return redirect("assignments:reminded", made.pk)
    left = by_reason(skipped_text(LeftOut(each, why[each.pk]) for each in enrollments if each.pk in why))
    return preview_page(request, REMIND, form, [each.learner.name for each in able], left)


def sent_or_refused(request, form, enrollments, able):
    """Send reminders. Return the ManualReminder; None after an error in the form. `able`: not in `left_out`."""
    if len(able) > MOST_AT_ONCE:
        form.add_error(None, gettext("Choose at most %(most)d people at a time.") % {"most": MOST_AT_ONCE})
        return None
    # Checked again, so that a second request or manager finds the waiting reminder.
    made, refused = remind([enrollment.pk for enrollment in enrollments], by=request.user)
    if made is None:
        form.add_error(
            None, gettext("This change would have no effect on the selected people, so nothing was changed.")
        )
        return None
    say_queued(request, len(made.email_ids))
    say_by_reason(request, skipped_text(refused))
    return made


def skipped_text(left):
    """Return (reason, its text, name) of each LeftOut in `left`, for `by_reason`."""
    return [(each.why, each.words, each.run.learner.name) for each in left]


def say_queued(request, number):
    words = ngettext(
        "%(number)d reminder is waiting to be sent.", "%(number)d reminders are waiting to be sent.", number
    )
    messages.success(request, words % {"number": number})


def own_reminding(request, pk):
    return get_object_or_404(ManualReminder.objects.select_related("made_by"), pk=pk, made_by=request.user)


@page_view()
def reminded(request, pk):
    reminding = own_reminding(request, pk)
    emails = list(reminding.sent())
    context = {"reminding": reminding, "emails": emails, "may_undo": any(each.may_be_taken_back for each in emails)}
    return render(request, "assignments/reminded.html", context)


@post_view("assignments:reminded")
def undo_reminders(request, pk):
    say_undone(request, undo_reminding(own_reminding(request, pk)))
    return redirect("assignments:reminded", pk)


def say_undone(request, undone):
    if taken := undone.not_sent:
        words = ngettext("%(number)d email will not be sent.", "%(number)d emails will not be sent.", taken)
        messages.success(request, words % {"number": taken})
    if left := undone.left:
        words = ngettext("%(number)d email was already sent.", "%(number)d emails were already sent.", left)
        messages.info(request, words % {"number": left})
    if combined := undone.left_in_another:
        words = ngettext(
            "%(number)d reminder was combined with another email, which was already sent or is being sent.",
            "%(number)d reminders were combined with other emails, which were already sent or are being sent.",
            combined,
        )
        messages.info(request, words % {"number": combined})


class LinesField(forms.CharField):
    """Text with LF: browsers send CRLF, but count LF for the longest text."""

    def to_python(self, value):
        return super().to_python(value and str(value).replace("\r\n", "\n"))


class NoteForm(ActionForm):
    text = LinesField(
        label=pgettext_lazy("about a person", "Note"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The person, their managers, HR and auditors can read the note. Do not write about illnesses."),
    )
    act = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def begin_another(self):
        """Keep the typed text, but make the form save a new note."""
        self.data = self.data.copy()
        self.data["act"] = uuid.uuid4()
        self.add_error(
            None, _("You already saved another note with this form. Send the form again to save this note too.")
        )


NOTE = SimpleNamespace(title=_("Add note"), button=_("Save note"))


def noted_address(act):
    return reverse("assignments:noted", args=[act])


@form_view("assignments:note", allowed=manages_people)
def note(request):
    form = NoteForm(posted(request))
    others = chosen_people(request.user, data_of(request)).exclude(pk=request.user.pk)
    people = dict(others.order_by("name", "pk").values_list("pk", "name"))
    if request.method == "POST" and people and form.is_valid():
        if len(people) > MOST_AT_ONCE:
            form.add_error(None, gettext("Choose at most %(most)d people at a time.") % {"most": MOST_AT_ONCE})
        elif was_sent_before(form.cleaned_data, people):
            form.begin_another()
        else:
            return noted_about(request, people, form)
    return preview_page(request, NOTE, form, list(people.values()))


def was_sent_before(cleaned, people):
    """Return whether the form (`cleaned`) has saved another text, or a withdrawn note, about one of `people` (ids)."""
    saved = Note.objects.filter(act=cleaned["act"], person__in=people)
    return saved.exclude(text=cleaned["text"], undone_at=None).exists()


def noted_about(request, people, form):
    act = form.cleaned_data["act"]
    if written := write_note(people, form.cleaned_data["text"], act=act, by=request.user):
        new = {note.person_id for note in written}
        names = {"names": names_text([name for key, name in people.items() if key in new])}
        messages.success(request, gettext("Note added. %(names)s can also read the note.") % names)
    came_from = page_before(request) if "person" in request.POST else ""
    return redirect(came_from or noted_address(act))


def own_notes_or_404(request, act):
    notes = list(Note.objects.filter(act=act, by=request.user).select_related("person").order_by("person__name", "pk"))
    if not notes:
        raise Http404
    return notes


@page_view()
def noted(request, act):
    notes = own_notes_or_404(request, act)
    context = {"notes": notes, "may_take_back": any(each.may_be_withdrawn_by(request.user) for each in notes)}
    return render(request, "assignments/noted.html", context)


@post_view(noted_address)
def withdraw_note(request, act):
    own_notes_or_404(request, act)
    people = keys_in(request.POST.getlist("person")) if "person" in request.POST else None
    taken = withdraw_notes(act, by=request.user, people=people)
    if taken:
        words = ngettext("%(number)d note was withdrawn.", "%(number)d notes were withdrawn.", len(taken))
        messages.success(request, words % {"number": len(taken)})
    else:
        messages.info(request, gettext("Nothing was withdrawn. You can withdraw a note only once, within 24 hours."))
    return redirect(page_before(request) or noted_address(act))
