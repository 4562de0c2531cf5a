"""Layout of form fields; the templates are in `templates/courseware/`."""

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


class Fields(FormHelper):  # type: ignore[misc]  # crispy-forms brings no types
    """The named fields, or all. `error_summary`: list errors above them; `marks_required`: put asterisks."""

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


class Group(Field):  # type: ignore[misc]  # crispy-forms brings no types
    """A field that is a fieldset, with attributes of its own."""

    def __init__(self, field: str, attributes: dict[str, Any], *, template: str | None = None) -> None:
        super().__init__(field, template=template)
        self.context = {"group": flatatt(attributes)}

    def render(self, *args: Any, **kwargs: Any) -> str:
        html: str = super().render(*args, extra_context=dict(self.context), **kwargs)
        return html


CONTROL = '<span class="asked asked-{}"><label class="hidden-text" for="{}">{}</label>{}</span>'


class Sentence(LayoutObject):  # type: ignore[misc]  # crispy-forms brings no types
    """Fields within a sentence, at {field name}; hints and errors come below it."""

    def __init__(self, words: str | Promise) -> None:
        self.words = words

    def render(self, form: Any, *_args: Any, **_options: Any) -> str:
        words = str(self.words)
        fields = {name: form[name] for _before, name, *_format in Formatter().parse(words) if name}
        asked = {
            name: format_html(CONTROL, name, field.id_for_label, field.label, field) for name, field in fields.items()
        }
        below = [render_to_string("courseware/hint_and_errors.html", {"field": field}) for field in fields.values()]
        return format_html("<p>{}</p>{}", format_html(words, **asked), format_html_join("", "{}", zip(below)))


SELECTED = mark_safe(" selected")


class LongSelect(forms.Select):
    """Renders options (without groups) ten times as fast as Django, which renders a template for each."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = self.format_value(value)
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, SELECTED if str(key) in chosen else "", label) for key, label in self.choices),
        )
        given = self.build_attrs(self.attrs, {"name": name} | (attrs or {}))
        return format_html("<select{}>\n{}\n</select>", flatatt(given), options)


class DayInput(forms.DateInput):
    """The browser's own calendar: in the reader's language, without a script."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")
