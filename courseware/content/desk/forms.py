"""What editors send."""

from django import forms

from courseware.content.models import Revision
from courseware.content.releases.course_folders import MAX_DOCUMENT


class DraftForm(forms.Form):
    """The texts of a document, one field per language, and the revision they are based on."""

    base = forms.ModelChoiceField(queryset=Revision.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args, document, languages, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["base"].queryset = document.revisions.all()
        for language in languages:
            # Not stripped: every byte counts. `drafts.as_written` undoes what browsers change.
            self.fields[f"text-{language}"] = forms.CharField(strip=False, max_length=MAX_DOCUMENT, required=False)

    @property
    def texts(self) -> dict[str, str]:
        return {
            name.removeprefix("text-"): text
            for name, text in self.cleaned_data.items()
            if name.startswith("text-") and name in self.data
        }
