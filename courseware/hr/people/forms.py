"""Forms of the HR pages about people: filter, profile and membership."""

from crispy_forms.layout import Field
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courseware.accounts.calendar.absences import absent_now
from courseware.accounts.models import Membership, Team, User, plain_staff_number
from courseware.accounts.people.form_fields import PersonSearch
from courseware.accounts.people.search import found_by
from courseware.accounts.permissions.permissions import may_change_sign_in
from courseware.lib.web.form_layout import DayInput, Fields, LongSelect

OF_A_PERSON = ("name", "email", "staff_number", "language", "job_role", "starts_on", "leaves_on")


class PeopleFilter(forms.Form):
    """Filters of lists of people, in the URL. Invalid values are ignored."""

    class Group:
        HERE, AWAY, NEVER_IN, LEFT, ALL = "here", "away", "never", "left", "all"

    words = forms.CharField(label=_("Name, email or staff number"), required=False, max_length=254, widget=PersonSearch)
    team = forms.ModelChoiceField(
        label=_("Team"),
        required=False,
        queryset=Team.objects.none(),
        empty_label=pgettext_lazy("any team", "all"),
        widget=LongSelect,
    )
    status = forms.ChoiceField(
        label=_("Person"),
        required=False,
        choices=[
            ("", pgettext_lazy("of a person", "current employees")),
            (Group.AWAY, _("is away")),
            (Group.NEVER_IN, _("has never signed in")),
            (Group.LEFT, _("left the company")),
            (Group.ALL, pgettext_lazy("any state", "all")),
        ],
    )

    helper = Fields(Field("words", wrapper_class="grow"), "team", "status", form_method="get")

    def __init__(self, data):
        super().__init__(data)
        team = self.fields["team"]
        if self.data.get("team"):  # else no team has to be found
            team.queryset = Team.objects.only("name")
        # Avoids an object for each of thousands of teams.
        team.choices = [("", team.empty_label), *Team.objects.values_list("pk", "name")]

    @property
    def is_set(self):
        return any(self.data.get(name) for name in self.fields)

    def chosen_from(self, people):
        """Return the queryset `people`, filtered; without a chosen `status` only active people."""
        self.full_clean()
        self.errors.clear()
        people = self.with_status(people, self.cleaned_data.get("status"))
        if team := self.cleaned_data.get("team"):
            below = Team.objects.filter(pk=team.pk).with_subteams()
            people = people.filter(pk__in=Membership.objects.filter(team__in=below).values("person"))
        if words := self.cleaned_data.get("words"):
            people = exactly_or_found_by(words, people)
        return people

    def with_status(self, people, status):
        conditions = {
            self.Group.LEFT: Q(is_active=False),
            self.Group.AWAY: Q(is_active=True, pk__in=absent_now().values("person")),
            self.Group.NEVER_IN: Q(is_active=True, last_login=None),
            self.Group.ALL: Q(),
        }
        return people.filter(conditions.get(status, Q(is_active=True)))


class CodesForm(PeopleFilter):
    """Filter active people by team only."""

    words = status = None  # type: ignore[assignment]  # removes the fields

    helper = Fields("team", form_method="get")


def exactly_or_found_by(words, people):
    """Filter the queryset `people` by this address or number, else by starts of names. `words`: as typed."""
    exact = people.filter(Q(email=words.lower()) | Q(staff_number=plain_staff_number(words)))
    return exact if exact.exists() else found_by(words, people)


class AsShown(forms.HiddenInput):
    """A hidden initial value that does not refer to a help text."""

    def get_context(self, name, value, attrs):
        return super().get_context(name, value, {})


class SinceShownForm(forms.ModelForm):
    """Model form that saves only fields whose value differs from the one on the page as it was shown."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data
            field.hidden_widget = AsShown

    def clean(self):
        super().clean()
        for name in self.fields.keys() - self.changed_data:
            self.cleaned_data[name] = getattr(self.instance, name)


class ProfileForm(SinceShownForm):
    helper = Fields(error_summary=True, marks_required=True)

    class Meta:
        model = User
        fields = OF_A_PERSON
        widgets = {"starts_on": DayInput, "leaves_on": DayInput}
        help_texts = {
            "email": _(
                "Emails are sent to this address. If the person used another address to sign in until now, the "
                "old address also gets a notice."
            ),
            "leaves_on": _("The person cannot sign in after this day."),
        }

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        if not may_change_sign_in(by, self.instance):
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _("Only an admin can change the email address of a member of HR.")

    def clean(self):
        super().clean()
        first, last = self.cleaned_data.get("starts_on"), self.cleaned_data.get("leaves_on")
        if first and last and last < first:
            self.add_error("leaves_on", _("The last day is before the first day."))

    def changed_values(self):
        """Return field name → new value of the changed fields of a valid form."""
        return {name: getattr(self.instance, name) for name in self.changed_data}


class MembershipForm(forms.Form):
    helper = Fields(error_summary=True)

    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.only("name"), empty_label=_("choose a team"), widget=LongSelect
    )
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)
