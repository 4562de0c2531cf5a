"""/people/letters/words/: what the firm says in its letters in its own words, set by human resources."""

from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.permissions import handles_people, sees_the_firm
from courseware.assignments.words_forms import LetterWordsForm
from courseware.assignments.words_preview import previews
from courseware.jobs.condition import Trouble
from courseware.language.documents import display_tag
from courseware.learning.looks import record_look
from courseware.lib.page_views import form_view, page_view, post_view, posted
from courseware.outbox.editable_letters import editable_letter, editable_letters
from courseware.outbox.kinds import MESSAGE_KINDS
from courseware.outbox.letter_parts import PARTS
from courseware.outbox.letter_words import LetterWords, SetMeanwhile, set_words

PAGE = "assignments:letter-words"
SHOWN_WORDINGS = 20  # of the history


def words_address(kind, **places):
    return reverse("assignments:words-of-letter", args=[kind])


def letter_or_404(name):
    letter = editable_letter(name)
    if letter is None:
        raise Http404
    return letter


@page_view(allowed=sees_the_firm)
def letter_words(request):
    found = editable_letters()
    rows = LetterWords.objects.filter(pk__in=[letter.row.pk for letter in found if letter.row])
    people = dict(rows.values_list("kind", "set_by__name"))
    letters = [(letter, people.get(letter.name), names_of(letter.unusable)) for letter in found]
    fixed = [kind.words for kind in MESSAGE_KINDS.values() if kind.editable is None]
    return render(request, "assignments/letter_words.html", {"letters": letters, "fixed": fixed})


def names_of(parts):
    return [PARTS.get(part, part) for part in parts]


@form_view(words_address, allowed=sees_the_firm, reauthenticate=asks_before_posting)
def words_of_letter(request, kind):
    if request.method == "POST" and not handles_people(request.user):
        raise Http404
    letter = letter_or_404(kind)
    form = LetterWordsForm(posted(request), letter=letter, user=request.user)
    if request.method != "POST":
        return words_page(request, form)
    if not form.is_valid():
        return words_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if "look" in request.POST:
        return looked_at(request, form)
    try:
        is_new = set_words(kind, form.words, shipped=letter.shipped(), base=form.cleaned_data["base"], by=request.user)
    except SetMeanwhile:
        form.add_error(None, gettext("Somebody has set the words of this letter in the meantime. Open the page again."))
        return words_page(request, form, status=HTTPStatus.CONFLICT)
    messages.success(request, gettext("The words are set.") if is_new else gettext("Nothing was changed."))
    return redirect(words_address(kind))


def looked_at(request, form):
    person = form.cleaned_data["person"]
    shown = previews(form.letter, form.words, person)
    if person and not all(each.is_example for each in shown):
        record_look(person, by=request.user)
    return words_page(request, form, person=person, previews=shown)


def words_page(request, form, *, status=HTTPStatus.OK, **looked):
    letter, since = form.letter, form.letter.shipped_since()
    wordings = LetterWords.objects.filter(kind=letter.name).select_related("set_by").order_by("-number")
    example = letter.editable.example() | {"firm": gettext("Anhe Insurance")}
    context = {
        "form": form,
        "letter": letter,
        "may_change": handles_people(request.user),
        "own": in_lines(letter.own),
        "placeholders": [(f"{{{name}}}", each.words, each.value(example)) for name, each in letter.known.items()],
        "unusable": names_of(letter.unusable),
        "since": [(PARTS[part], in_languages(then), in_languages(now)) for part, (then, now) in since.items()],
        "wordings": [(row, in_lines(row.words)) for row in wordings[:SHOWN_WORDINGS]],
        "previews": (),
        "person": None,
        **looked,
    }
    return render(request, "assignments/words_of_letter.html", context, status=status)


def in_lines(words):
    """(part, (tag, text) of each language), in the order of a letter."""
    return [(name, in_languages(words[part])) for part, name in PARTS.items() if part in words]


def in_languages(texts):
    return [(display_tag(tag), text) for tag, text in texts.items()]


@post_view(words_address, allowed=handles_people, reauthenticate=asks_before_posting)
def back_to_shipped(request, kind):
    letter = letter_or_404(kind)
    base = request.POST.get("base", "")
    try:
        if letter.own and base != str(letter.number):
            raise SetMeanwhile
        is_new = set_words(kind, {}, shipped=letter.shipped(), base=letter.number, by=request.user)
    except SetMeanwhile:
        said = gettext("Somebody has set the words of this letter in the meantime. Nothing was changed.")
        messages.error(request, said)
        return redirect(words_address(kind))
    if is_new:
        messages.success(request, gettext("The shipped words hold again."))
    return redirect(words_address(kind))


def words_troubles(now: datetime) -> list[Trouble]:
    """Own words that are not used, as an upgrade has taken a part or a placeholder away. Runs a query."""
    found = []
    for letter in editable_letters():
        if parts := names_of(letter.unusable):
            said = gettext("own words that this version does not understand; the shipped ones go out (%(parts)s)")
            found.append(Trouble(said % {"parts": ", ".join(map(str, parts))}, letter.kind.words, PAGE))
    return found
