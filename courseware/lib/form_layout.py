"""How the fields of a form are laid out; the templates are in `templates/courseware/`."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django.forms.utils import flatatt


class Fields(FormHelper):  # type: ignore[misc]  # crispy-forms brings no types
    """The fields named, or all of them: what stands in a page between `<form>` and its buttons.

    `error_summary` names what is wrong above the fields, too, and takes the focus; `marks_required` puts an asterisk.
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


class Group(Field):  # type: ignore[misc]  # crispy-forms brings no types
    """A field that is a fieldset, with attributes of its own for that."""

    def __init__(self, field: str, attributes: dict[str, Any], *, template: str | None = None) -> None:
        super().__init__(field, template=template)
        self.context = {"group": flatatt(attributes)}

    def render(self, *args: Any, **kwargs: Any) -> str:
        html: str = super().render(*args, extra_context=dict(self.context), **kwargs)
        return html
