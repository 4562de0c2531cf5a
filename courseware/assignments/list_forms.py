"""The forms by which a list of people is brought in."""

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.rosters import sentences
from courseware.accounts.rosters.bringing import bring
from courseware.accounts.rosters.reading import ListRefused
from courseware.accounts.rosters.tables import ENCODINGS
from courseware.assignments.posts import posts_by_title
from courseware.lib.form_layout import Fields

NEW_TEAMS_NAMED = 60
MOST_UPLOADED = 2_500_000  # bytes; a proxy in front passes three million on


class ListForm(forms.Form):
    helper = Fields(error_summary=True)

    file = forms.FileField(label=_("File"), help_text=_("XLSX, XLS, ODS or CSV, with a row of headings."))
    is_whole_firm = forms.BooleanField(label=_("This is the whole firm: who is not in it has left"), required=False)
    encoding = forms.ChoiceField(
        label=_("How a CSV is written"),
        required=False,
        choices=[("", _("find it out")), *((name, name.upper()) for name in ENCODINGS)],
        help_text=_("Only where names come out wrong."),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_UPLOADED:
            raise forms.ValidationError(sentences.REFUSALS["too-large"])
        return file

    def bring(self, *, by):
        """The list as it was compared; None where the file cannot be used, with the reason at its field."""
        cleaned = self.cleaned_data
        options = {"is_whole_firm": cleaned["is_whole_firm"], "encoding": cleaned["encoding"]}
        try:
            return bring(cleaned["file"].read(), cleaned["file"].name, by=by, posts=posts_by_title(), **options)
        except ListRefused as refused:
            self.add_error("file", sentences.REFUSALS[refused.code])
            return None


class ApplyForm(forms.Form):
    """What is to be done of a list; beside it the bad lines of the page, one choice each."""

    invites = forms.BooleanField(
        label=_("Send an invitation to everybody new who has an address"), required=False, initial=True
    )
    is_sure = forms.BooleanField(
        label=_("Yes, I have looked at who leaves, and who leads these teams then"), required=False
    )

    creates_teams = forms.BooleanField(required=False)

    field_order = ("creates_teams", "invites", "is_sure")

    def __init__(self, *args, needs_second_yes, joins, new_teams, **kwargs):
        """`new_teams`: path of each team that is not here yet → how many rows name it."""
        super().__init__(*args, **kwargs)
        if new_teams:
            words = ngettext(
                "%(number)d team does not exist yet: create it",
                "%(number)d teams do not exist yet: create them",
                len(new_teams),
            )
            self.fields["creates_teams"].label = words % {"number": len(new_teams)}
            listed = [f"{path} ({number})" if number else path for path, number in new_teams.items()]
            more = [f"… {len(listed) - NEW_TEAMS_NAMED}"] if len(listed) > NEW_TEAMS_NAMED else []
            self.fields["creates_teams"].help_text = gettext(", ").join(listed[:NEW_TEAMS_NAMED] + more)
        else:
            del self.fields["creates_teams"]
        if not needs_second_yes:
            del self.fields["is_sure"]
        if not joins:
            del self.fields["invites"]
        self.helper = Fields(error_summary=True)
