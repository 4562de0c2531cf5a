"""/people/new/: a new person, in one form; /people/new/list/: several, pasted."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from courseware.accounts.permissions import handles_people, may_place
from courseware.assignments.newcomer_forms import NewcomerForm, PastedPeopleForm
from courseware.assignments.newcomers import (
    MOST_ROWS,
    add_unasked,
    ask_for,
    bring_in,
    bring_in_all,
    read_rows,
    was_added,
    was_asked,
)
from courseware.lib.page_views import form_status, form_view, posted, render_form


@form_view("assignments:new-person", allowed=handles_people)
def new_person(request):
    """What is posted as `act` is "quietly" for no letter, or "instead" to enroll the person who is here already."""
    form = NewcomerForm(posted(request))
    found = None
    if form.is_valid():
        found = form.found()
        if words := words_of_what_was_done(request, form, found):
            messages.success(request, words)
            return redirect("assignments:new-person")
    context = {"found": found, "may_take": found and found.is_active and may_place(request.user, found)}
    return render_form(request, "assignments/new_person.html", form, context)


def words_of_what_was_done(request, form, found):
    """Empty where nothing was, and the form says why."""
    act, by = request.POST.get("act"), request.user
    courses = form.cleaned_data["courses"]
    is_sent_again = found and was_added(found, by=by, since=form.cleaned_data["drawn_at"])
    if is_sent_again and (act == "quietly" or was_asked(found, courses)):
        return in_words(found, act)
    if found and act == "instead" and found.is_active and may_place(by, found):
        return enrolled_instead(form, found, by=by)
    try:
        person = added(form, act, by=by)
    except ValidationError as error:
        form.add_error(None if found is None else "sign_in_name", error.messages)
        return ""
    return in_words(person, act)


def enrolled_instead(form, found, *, by):
    """Enroll the person who is here already."""
    courses = form.cleaned_data["courses"]
    if not courses:
        form.add_error("courses", form.fields["courses"].error_messages["required"])
        return ""
    ask_for(found, courses, form.cleaned_data["due_on"], by=by)
    return gettext("%(name)s was here already and is enrolled now.") % {"name": found.name}


def added(form, act, *, by):
    """The new person. Raises ValidationError."""
    if act == "quietly":
        return add_unasked(**form.particulars(), by=by)
    courses, due_on = form.cleaned_data["courses"], form.cleaned_data["due_on"]
    return bring_in(**form.particulars(), courses=courses, due_on=due_on, by=by)


def in_words(person, act):
    if act == "quietly":
        words = gettext("%(name)s is here now. No letter was sent, and no course was begun.")
    elif person.email:
        words = gettext("%(name)s is here now, and the letter is on its way.")
    else:
        words = gettext("%(name)s is here now. Without an address no letter can go out: give a code to sign in with.")
    return words % {"name": person.name}


@form_view("assignments:new-people", allowed=handles_people)
def new_people(request):
    """Show the pasted list row by row. If `act` is "go" and the list was shown before, create the people."""
    form, rows = PastedPeopleForm(posted(request)), []
    if form.is_valid():
        rows = read_rows(form.cleaned_data["people"])
        number = brought_in(request, form, rows)
        if number:
            words = ngettext("%(number)d person is here now.", "%(number)d people are here now.", number)
            messages.success(request, words % {"number": number})
            return redirect("assignments:new-people")
        rows, form = read_rows(form.cleaned_data["people"]), form.shown()  # as they are by now
    good = sum(not row.problem for row in rows)
    context = {"form": form, "rows": rows, "good": good, "most": MOST_ROWS}
    status = form_status(form) if form.errors or not form.is_bound else 200
    return render(request, "assignments/new_people.html", context, status=status)


def brought_in(request, form, rows):
    """How many; 0 where the list is to be looked at first, or somebody of it came in at this very moment."""
    if request.POST.get("act") != "go" or not form.is_seen or len(rows) > MOST_ROWS:
        return 0
    asked = {name: form.cleaned_data[name] for name in ("team", "courses", "due_on", "starts_on", "language")}
    try:
        return bring_in_all(rows, **asked, by=request.user)
    except ValidationError:
        return 0
