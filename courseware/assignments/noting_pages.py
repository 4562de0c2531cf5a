"""/people/decide/note/: a note about somebody, or about who is ticked on the board; /people/notes/<act>/."""

import uuid
from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.addresses import page_before
from courseware.accounts.notes import LONGEST_NOTE, Note
from courseware.accounts.noting import take_back_notes, write_note
from courseware.accounts.permissions import manages_people
from courseware.assignments.decision_pages import chosen_people, data_of, names_in_words, preview_page
from courseware.learning.manager_actions.manager_action import ActionForm
from courseware.lib.page_views import form_view, page_view, post_view, posted
from courseware.lib.small_numbers import keys_in


class LinesField(forms.CharField):
    """Browsers send CRLF and count LF, so that one would be refused what the other has let through."""

    def to_python(self, value):
        return super().to_python(value and str(value).replace("\r\n", "\n"))


class NoteForm(ActionForm):
    text = LinesField(
        label=pgettext_lazy("about a person", "Note"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The person, who leads them, human resources and auditors read it: no illnesses, please."),
    )
    act = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def begin_another(self):
        """What was typed is kept, for an act of its own."""
        self.data = self.data.copy()
        self.data["act"] = uuid.uuid4()
        self.add_error(None, _("With this form a note was kept already. Send it once more to keep this one as well."))


MOST_AT_ONCE = 500
NOTE = SimpleNamespace(title=_("Write a note"), button=_("Keep the note"))


def noted_address(act):
    return reverse("assignments:noted", args=[act])


@form_view("assignments:note", allowed=manages_people)
def note(request):
    form = NoteForm(posted(request))
    others = chosen_people(request.user, data_of(request)).exclude(pk=request.user.pk)
    people = dict(others.order_by("name", "pk").values_list("pk", "name"))
    if request.method == "POST" and people and form.is_valid():
        if len(people) > MOST_AT_ONCE:
            form.add_error(None, gettext("At most %(most)d people at once.") % {"most": MOST_AT_ONCE})
        elif was_sent_before(form.cleaned_data, people):
            form.begin_another()
        else:
            return noted_about(request, people, form)
    return preview_page(request, NOTE, form, list(people.values()))


def was_sent_before(cleaned, people):
    """Whether the form has kept something else, or what was taken back since: a page that was gone back to."""
    kept = Note.objects.filter(act=cleaned["act"], person__in=people)
    return kept.exclude(text=cleaned["text"], taken_back_at=None).exists()


def noted_about(request, people, form):
    act = form.cleaned_data["act"]
    if written := write_note(people, form.cleaned_data["text"], act=act, by=request.user):
        new = {note.person_id for note in written}
        names = {"names": names_in_words([name for key, name in people.items() if key in new])}
        messages.success(request, gettext("Noted about %(names)s. They can read it, too.") % names)
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
    context = {"notes": notes, "may_take_back": any(each.may_be_taken_back_by(request.user) for each in notes)}
    return render(request, "assignments/noted.html", context)


@post_view(noted_address)
def take_back_note(request, act):
    own_notes_or_404(request, act)
    people = keys_in(request.POST.getlist("person")) if "person" in request.POST else None
    taken = take_back_notes(act, by=request.user, people=people)
    if taken:
        words = ngettext("%(number)d note is taken back.", "%(number)d notes are taken back.", len(taken))
        messages.success(request, words % {"number": len(taken)})
    else:
        messages.info(request, gettext("Nothing was taken back: that is possible for a day, and once."))
    return redirect(page_before(request) or noted_address(act))
