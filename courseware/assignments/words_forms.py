"""What a firm says in a letter: a field for each part and language, all checked before anything is kept."""

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions import people_visible_to
from courseware.accounts.person_field import PersonSearch
from courseware.assignments.people_forms import exactly_or_found_by
from courseware.content.desk.editing import language_name
from courseware.language.documents import display_tag
from courseware.lib.form_layout import Fields
from courseware.outbox.letter_parts import PARTS, SUBJECT
from courseware.outbox.placeholders import mistakes_in

LONGEST_SUBJECT, LONGEST_TEXT = 150, 1500  # signs
NAMED = 5  # of several people whom a name finds


def field_of_part(part, tag):
    return f"{part}_{tag.replace('-', '_')}"


class LetterWordsForm(forms.Form):
    """`words` is what is to be set; `person` for whom it is looked at, or None for the example."""

    person = forms.CharField(
        label=_("As this person would get it"),
        help_text=_("By name, e-mail or staff number. Empty: an example."),
        required=False,
        max_length=254,
        widget=PersonSearch,
    )
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data=None, *, letter, user):
        kept = {field_of_part(part, tag): text for part, texts in letter.own.items() for tag, text in texts.items()}
        super().__init__(data, initial={"base": letter.number} | kept)
        self.letter, self.user = letter, user
        shipped = letter.shipped()
        for part in letter.parts:
            for tag, _language in settings.LANGUAGES:
                self.fields[field_of_part(part, tag)] = words_of_part(part, tag, shipped[part][tag])

    @property
    def helper(self):
        spoken = [field_of_part(part, tag) for part in self.letter.parts for tag, _language in settings.LANGUAGES]
        return Fields(*spoken, "base", "person", error_summary=True)

    def clean_person(self):
        words = self.cleaned_data["person"]
        if not words or "look" not in self.data:
            return None
        visible = people_visible_to(self.user).filter(is_active=True)
        found = list(exactly_or_found_by(words, visible).order_by("name", "pk")[: NAMED + 1])
        if not found:
            raise forms.ValidationError(_("Nobody whom you may see is found by this."))
        if len(found) > 1:
            names = ", ".join(f"{each.name} ({each.email or each.staff_number})" for each in found[:NAMED])
            said = _("Several people are found by this. Whom do you mean: %(names)s?")
            raise forms.ValidationError(said, params={"names": names})
        return found[0]

    def clean(self):
        cleaned = super().clean()
        for part in self.letter.parts:
            fields = [field_of_part(part, tag) for tag, _language in settings.LANGUAGES]
            for name in fields:
                cleaned[name] = tidy(cleaned.get(name, ""), is_line=part == SUBJECT)
                for mistake in mistakes_in(cleaned[name], self.letter.known):
                    self.add_error(name, mistake)
            # `add_error` takes away what was cleaned; a field that is wrong is not an empty one.
            for name in fields:
                if cleaned.get(name) == "" and name not in self.errors and any(cleaned.get(each) for each in fields):
                    self.add_error(name, gettext("Say it in this language, too; or empty both for the shipped words."))
        return cleaned

    @property
    def words(self):
        said = {
            part: {tag: self.cleaned_data[field_of_part(part, tag)] for tag, _language in settings.LANGUAGES}
            for part in self.letter.parts
        }
        return {part: texts for part, texts in said.items() if all(texts.values())}


def words_of_part(part, tag, shipped):
    label, language = format_lazy("{} · {}", PARTS[part], language_name(tag)), display_tag(tag)
    if shipped:
        said = format_html('{} <span lang="{}">{}</span>', _("As shipped:"), language, shipped)
    else:
        said = _("As shipped, nothing stands here.")
    if part == SUBJECT:
        widget, longest = forms.TextInput(attrs={"lang": language}), LONGEST_SUBJECT
    else:
        widget, longest = forms.Textarea(attrs={"rows": 4, "lang": language}), LONGEST_TEXT
    return forms.CharField(label=label, help_text=said, required=False, max_length=longest, widget=widget)


def tidy(text, *, is_line):
    """A subject is one line; of a text nothing but blanks at ends of lines and of the whole is taken away."""
    if is_line:
        return " ".join(text.split())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()
