"""The forms of human resources about teams."""

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Membership, Team
from courseware.accounts.permissions import may_place, teams_managed_by
from courseware.accounts.person_field import PersonField
from courseware.assignments.people_forms import SinceShownForm
from courseware.lib.form_layout import Fields
from courseware.lib.long_choices import LongSelect


class TeamForm(SinceShownForm):
    helper = Fields(error_summary=True, marks_required=True)

    class Meta:
        model = Team
        fields = ("name", "parent", "time_zone")
        labels = {"name": _("Name of the team"), "parent": _("Belongs to")}

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by
        parents = Team.objects.only("name")
        if self.instance.pk:
            below = Team.objects.filter(pk=self.instance.pk).with_those_below()
            parents = parents.exclude(pk__in=below.values("pk"))
        self.fields["parent"].queryset = parents
        self.fields["parent"].empty_label = _("no other team")

    def clean_parent(self):
        """Else whoever leads a team would get to see the people of any other."""
        parent = self.cleaned_data["parent"]
        is_own = parent and "parent" in self.changed_data and teams_managed_by(self.by).filter(pk=parent.pk).exists()
        if is_own and not self.by.is_superuser:
            raise forms.ValidationError(_("You lead this team: somebody else has to put another one below it."))
        return parent


class LeadForm(forms.Form):
    helper = Fields(error_summary=True)

    person = PersonField()

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.by = by

    def clean_person(self):
        person = self.cleaned_data["person"]
        if not may_place(self.by, person):
            raise forms.ValidationError(_("For this person, please ask an admin."))
        return person


class CloseTeamForm(forms.Form):
    helper = Fields(error_summary=True)

    to = forms.ModelChoiceField(
        label=_("The learners go on in"),
        required=False,
        queryset=Team.objects.none(),
        empty_label=_("choose a team"),
        widget=LongSelect,
    )

    def __init__(self, *args, team, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.team, self.by = team, by
        self.fields["to"].queryset = Team.objects.only("name").exclude(pk=team.pk)
        self.has_learners = team.memberships.filter(role=Membership.Role.LEARNER).exists()
        if not self.has_learners:
            del self.fields["to"]

    def clean(self):
        super().clean()
        if self.has_learners and not self.cleaned_data.get("to") and "to" not in self.errors:
            self.add_error("to", _("Say in which team the learners go on."))
        places = self.team.memberships.select_related("person")
        if any(not may_place(self.by, place.person) for place in places):
            raise forms.ValidationError(
                _("You or somebody whom only an admin may touch has a place in this team: please ask an admin.")
            )
