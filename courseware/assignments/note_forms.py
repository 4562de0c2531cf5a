"""A note about people, as it is typed."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courseware.accounts.notes import LONGEST_NOTE
from courseware.learning.manager_actions.manager_action import ActionForm


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
