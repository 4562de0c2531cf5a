"""How the fields of a form are laid out; the templates are in `templates/courseware/`."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django.forms.utils import flatatt


class Fields(FormHelper):
    """The fields named, or all of them: what stands in a page between `<form>` and its buttons.

    `error_summary` names what is wrong above the fields, too, and takes the focus; `marks_required` puts an asterisk.
    """

    form_tag = False

    def __init__(self, *fields, error_summary=False, marks_required=False, **options):
        super().__init__()
        self.layout = Layout(*fields) if fields else None
        self.error_summary = error_summary
        self.marks_required = marks_required
        for name, value in options.items():
            setattr(self, name, value)


class Group(Field):
    """A field that is a fieldset, with attributes of its own for that."""

    def __init__(self, field, attributes, *, template=None):
        super().__init__(field, template=template)
        self.context = {"group": flatatt(attributes)}

    def render(self, *args, **kwargs):
        return super().render(*args, extra_context=dict(self.context), **kwargs)
