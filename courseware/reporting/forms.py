from crispy_forms.layout import Field
from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courseware.accounts.models import Team
from courseware.learning.states import State
from courseware.lib.form_layout import Fields


class BoardFilter(forms.Form):
    """The filters of the board. They are in the address, so that a filtered board can be bookmarked and shared."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", pgettext_lazy("any state", "all")), *State.choices]
    )
    team = forms.ModelChoiceField(
        label=_("Team"), required=False, queryset=Team.objects.none(), empty_label=pgettext_lazy("any team", "all")
    )
    name = forms.CharField(label=_("Name or e-mail"), required=False, max_length=100, widget=forms.SearchInput)

    def __init__(self, data, *, teams):
        """`teams` is a query of (key, name)."""
        super().__init__(data)
        team = self.fields["team"]
        team.queryset = Team.objects.filter(pk__in=teams.values("pk"))
        team.choices = [("", team.empty_label), *teams]  # else a query of its own
        shown = ["state", "team"] if len(teams) > 1 else ["state"]
        self.helper = Fields(*shown, Field("name", wrapper_class="grow"), form_method="get")
        self.looks = (tuple(self.data.get(name) for name in self.fields), tuple(team.choices))

    # Two that look the same are equal, so that `cached_include` renders them once: they are a tenth of the page.
    def __eq__(self, other):
        return isinstance(other, BoardFilter) and self.looks == other.looks

    def __hash__(self):
        return hash(self.looks)

    def chosen(self):
        """Filter → value, of those that were set; an invalid one is ignored."""
        self.full_clean()
        self.errors.clear()
        return {key: value for key, value in self.cleaned_data.items() if value}
