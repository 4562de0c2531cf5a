"""/accounts/join/<token>/: the page behind the link of a team."""

from http import HTTPStatus

from django.contrib import auth
from django.core.exceptions import ValidationError
from django.forms import CharField, Form, TextInput
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from courseware.accounts.forms import OurFields
from courseware.accounts.models import User, plain_staff_number
from courseware.accounts.team_links import LinkEnded, come_in, count_try, may_try, open_link
from courseware.accounts.views import Says422, go_in


class JoinForm(OurFields, Form):
    staff_number = CharField(max_length=40, widget=TextInput({"autocapitalize": "characters", "spellcheck": "false"}))
    name = CharField(max_length=120, widget=TextInput({"autocomplete": "name"}))
    labels = {"staff_number": _("Staff number"), "name": _("Name")}
    help_texts = {"name": _("As the firm writes it.")}

    def clean_staff_number(self):
        number = plain_staff_number(self.cleaned_data["staff_number"])
        if "@" in number:
            raise ValidationError(_("A staff number has no @."))
        User._meta.get_field("staff_number").run_validators(number)  # one sign may be several in its plain form
        return number


@method_decorator(never_cache, name="dispatch")
class JoinView(Says422, FormView):
    """Everything but a sign-in gets the same answer, whether or not the number exists: the manager is asked."""

    template_name = "account/join.html"
    form_class = JoinForm

    def dispatch(self, request, *args, **kwargs):
        try:
            self.link = open_link(kwargs["token"])
            return super().dispatch(request, *args, **kwargs)
        except LinkEnded:
            return render(request, self.template_name, {"state": "ended"}, status=HTTPStatus.NOT_FOUND)

    def get_context_data(self, **kwargs):
        return super().get_context_data(state="open", team=self.link.team, **kwargs)

    def form_valid(self, form):
        if not may_try(self.request, self.link):
            form.add_error(
                None, _("There were too many tries from here. Please try again in an hour, or ask your lead.")
            )
            return self.form_invalid(form)
        person = come_in(self.link, form.cleaned_data["staff_number"], form.cleaned_data["name"])
        if person is None:
            count_try(self.request, self.link)
            return render(self.request, self.template_name, {"state": "waiting", "team": self.link.team})
        if self.request.user.is_authenticated:
            auth.logout(self.request)
        return go_in(self.request, person)


join = JoinView.as_view()
