"""Layout and widgets of form fields, for crispy-forms; the templates are in `templates/courseware/`."""

from string import Formatter
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, LayoutObject
from django import forms
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


class Fields(FormHelper):  # type: ignore[misc]  # crispy-forms has no types
    """A layout of `fields`, or of all fields if empty. `error_summary`: list errors above the form. `marks_required`:
    add asterisks. `options`: other attributes of FormHelper.
    """

    form_tag = False

    def __init__(
        self, *fields: str | Field, error_summary: bool = False, marks_required: bool = False, **options: Any
    ) -> None:
        super().__init__()
        self.layout = Layout(*fields) if fields else None
        self.error_summary = error_summary
        self.marks_required = marks_required
        for name, value in options.items():
            setattr(self, name, value)


class Group(Field):  # type: ignore[misc]  # crispy-forms has no types
    """A field in a fieldset, which gets the HTML attributes `attributes`."""

    def __init__(self, field: str, attributes: dict[str, Any], *, template: str | None = None) -> None:
        super().__init__(field, template=template)
        self.context = {"group": flatatt(attributes)}

    def render(self, *args: Any, **kwargs: Any) -> str:
        html: str = super().render(*args, extra_context=dict(self.context), **kwargs)
        return html


CONTROL = '<span class="asked asked-{}"><label class="hidden-text" for="{}">{}</label>{}</span>'


class Sentence(LayoutObject):  # type: ignore[misc]  # crispy-forms has no types
    """A sentence with fields: `words` contains each as {field name}. Hints and errors follow below the sentence."""

    def __init__(self, words: str | Promise) -> None:
        self.words = words

    def render(self, form: Any, *_args: Any, **_options: Any) -> str:
        text = str(self.words)
        fields = {name: form[name] for _before, name, *_format in Formatter().parse(text) if name}
        controls = {
            name: format_html(CONTROL, name, field.id_for_label, field.label, field) for name, field in fields.items()
        }
        messages = [render_to_string("courseware/hint_and_errors.html", {"field": field}) for field in fields.values()]
        return format_html("<p>{}</p>{}", format_html(text, **controls), format_html_join("", "{}", zip(messages)))


SELECTED = mark_safe(" selected")


class LongSelect(forms.Select):
    """A select without option groups, rendered ten times as fast as Django's, which uses a template for each option."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = self.format_value(value)
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, SELECTED if str(key) in chosen else "", label) for key, label in self.choices),
        )
        attributes = self.build_attrs(self.attrs, {"name": name} | (attrs or {}))
        return format_html("<select{}>\n{}\n</select>", flatatt(attributes), options)


class DayInput(forms.DateInput):
    """The browser's own date picker, which follows the user's language and needs no script."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")
