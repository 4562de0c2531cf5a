"""Emergency contacts: contacts on the emergency card, edited on the admin page of their course."""

from django import forms
from django.contrib import admin
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from courseware.content.authoring.editor_state import language_name
from courseware.content.models import EmergencyContact
from courseware.content.rendering.emergency_card import card_sections


class ContactFormSet(forms.BaseInlineFormSet):
    def add_fields(self, form, index):
        super().add_fields(form, index)
        sections = card_sections(self.instance, get_language())
        # A removed section stays an option of its contact: else saving would show the contact in every section.
        section = form.instance.section
        if section and section not in sections:
            sections[section] = _("%(section)s (no longer on the emergency card)") % {"section": section}
        languages = list(self.instance.current.outlines if self.instance.current else ())
        if form.instance.language and form.instance.language not in languages:
            languages.append(form.instance.language)
        form.fields["section"] = forms.ChoiceField(label=_("emergency"), choices=[("", "---------"), *sections.items()])
        form.fields["language"] = forms.ChoiceField(
            label=_("language"),
            required=False,
            choices=[("", _("every language")), *((tag, language_name(tag)) for tag in languages)],
        )
        row = f"{sections[section]}{gettext(', ')}{form.instance.who}" if form.instance.pk else gettext("New contact")
        for field in form.visible_fields():  # screen readers do not read column headers in forms
            field.field.widget.attrs["aria-label"] = f"{row}{gettext(': ')}{field.label}"


class ContactInline(admin.TabularInline):
    model = EmergencyContact
    formset = ContactFormSet
    fields = ["section", "who", "number", "checked_on", "language"]
    extra = 1
    verbose_name = _("contact")
    verbose_name_plural = _("Your company’s contacts on the emergency card")
