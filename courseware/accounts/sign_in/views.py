"""Pages of sign-in, passwords, sessions and the own account. A form with errors answers 422."""

from http import HTTPStatus

from allauth.account import views
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, ValidationError
from django.forms import CharField, Form, TextInput
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import FormView

from courseware.accounts.api_keys import end_all_keys
from courseware.accounts.models import User, plain_staff_number
from courseware.accounts.security import cookies, resubmission, sessions, trusted_devices, two_factor
from courseware.accounts.sign_in import forms, throttling
from courseware.accounts.sign_in.allauth_internals import perform_login, record_authentication
from courseware.accounts.sign_in.failed_sign_ins import log_failed_sign_in
from courseware.accounts.sign_in.forms import OurFields
from courseware.accounts.sign_in.identifiers import person_by_name
from courseware.accounts.sign_in.return_urls import is_own_url
from courseware.accounts.sign_in.sign_in_codes import use_code
from courseware.accounts.teams.invite_links import LinkEnded, count_attempt, join_by_link, may_try, open_link
from courseware.audit_log.record import record
from courseware.lib.web.form_numbers import keys_in

LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds


class Says422:
    def form_invalid(self, form):
        response = super().form_invalid(form)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response


class SignInView(Says422, views.LoginView):
    form_class = forms.SignInForm


class PasswordLinkView(Says422, views.PasswordResetView):
    form_class = forms.PasswordLinkForm
    already_mailed = _(
        "You asked for several links. Use the newest email, and check your spam folder. You can ask for "
        "another link in %(wait)s."
    )

    def form_valid(self, form):
        if seconds := throttling.before_email(self.request, form.cleaned_data["email"]):
            form.add_error(None, self.already_mailed % {"wait": throttling.in_words(seconds)})
            return self.form_invalid(form)
        return super().form_valid(form)


class PasswordFromLinkView(Says422, views.PasswordResetFromKeyView):
    """A new person presses a button, which mail scanners do not, and then chooses a password."""

    form_class = forms.PasswordFromLinkForm

    def get_context_data(self, **kwargs):
        form = forms.PasswordLinkForm()  # to request a new link if this one has expired
        context = super().get_context_data(newcomer=self.newcomer(), link_form=form, **kwargs)
        if "action_url" in context and (language := language_asked_for(self.request)):
            context["action_url"] += f"?{urlencode({'language': language})}"
        return context

    def dispatch(self, request, *args, **kwargs):
        """Keep `?language=` in the redirect to the URL without the key."""
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "GET" and "Location" in response and (language := language_asked_for(request)):
            response["Location"] += f"?{urlencode({'language': language})}"
        return response

    def newcomer(self):
        return self.reset_user if self.reset_user and not self.reset_user.has_usable_password() else None

    def post(self, request, *args, **kwargs):
        if person := self.newcomer():
            if language := language_asked_for(request):
                User.objects.filter(pk=person.pk).update(language=language)
                person.language = language
            return go_in(request, person)
        return super().post(request, *args, **kwargs)


def language_asked_for(request):
    language = request.GET.get("language")
    return language if language in dict(settings.LANGUAGES) else None


def go_in(request, person):
    """Sign in `person`, who used a link or code. Return the redirect to the choice of a password."""
    record_authentication(request, person, "password_reset")
    return perform_login(request, Login(user=person, redirect_url=reverse("account_set_password")))


class CodeToSignInView(Says422, FormView):
    template_name = "account/sign_in_code.html"
    form_class = forms.CodeToSignInForm
    wrong = _(
        "The code does not match this email or staff number, or it has expired. Check the code and the email "
        "or staff number, or ask for a new code."
    )
    too_soon = _("Too many attempts. Try again in %(wait)s, or ask for a new code.")

    def form_valid(self, form):
        name = form.cleaned_data["name"]
        if seconds := throttling.before_password(self.request, name, throttling.CODES):
            return self.refused(form, self.too_soon % {"wait": throttling.in_words(seconds)})
        used = use_code(name, form.cleaned_data["code"])
        if used is None:
            throttling.wrong_password(self.request, name, throttling.CODES)
            log_failed_sign_in(name, person_by_name(name).first())
            return self.refused(form, self.wrong)
        if self.request.user.is_authenticated:
            auth.logout(self.request)
        message = gettext("You signed in with a code from %(name)s. This code and your old password no longer work.")
        messages.info(self.request, message % {"name": used.given_by.name})
        return go_in(self.request, used.person)

    def refused(self, form, message):
        form.add_error(None, message)
        return self.form_invalid(form)


class RemembersDevice:
    """Trust this browser again after a new password, which removes all trusted devices."""

    def form_valid(self, form):
        response = super().form_valid(form)
        trusted_devices.remember(self.request, response, self.request.user)
        return response


class ChangePasswordView(RemembersDevice, Says422, views.PasswordChangeView):
    form_class = forms.ChangePasswordForm


class SetPasswordView(RemembersDevice, Says422, views.PasswordSetView):
    form_class = forms.SetPasswordForm

    def get_default_success_url(self):
        return resolve_url(settings.LOGIN_REDIRECT_URL)


class ReauthenticateView(Says422, views.ReauthenticateView):
    form_class = forms.ReauthenticateForm


class OwnSessionsView(ListUserSessionsView):
    """The person's sessions. A POST ends `session` (id); without an id, all sessions but this one and all API keys."""

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        for session in context["sessions"]:
            session.browser = trusted_devices.in_words(session.user_agent)
        return context

    def form_valid(self, form):
        others = UserSession.objects.filter(user=self.request.user).exclude(
            session_key=self.request.session.session_key
        )
        if chosen := self.request.POST.get("session", ""):
            others = others.filter(pk__in=keys_in([chosen]))
        else:
            end_all_keys(self.request.user, by=self.request.user)
        ended = list(others)
        for session in ended:
            session.end()
        if ended:
            record("own-sessions-ended", actor=self.request.user, subject=self.request.user)
            messages.success(self.request, gettext("Signed out on the selected devices."))
        return HttpResponseRedirect(self.get_success_url())


class OwnAccountView(OwnSessionsView):
    template_name = "account/own_account.html"
    http_method_names = ["get", "head"]

    def get_context_data(self, **kwargs):
        person = self.request.user
        has_one = Authenticator.objects.filter(user=person).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()
        state = {"has_second_step": has_one, "is_asked": two_factor.is_asked(self.request)}
        return super().get_context_data(languages=settings.LANGUAGES, **state, **kwargs)


@require_POST
def set_language(request):
    language, back = request.POST.get("language"), request.POST.get("next", "")
    if language not in dict(settings.LANGUAGES):
        raise BadRequest(f"language: expected one of {', '.join(dict(settings.LANGUAGES))}")
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=language)
    response = HttpResponseRedirect(back if is_own_url(back, request) else "/")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, **cookies.attributes(LANGUAGE_COOKIE_AGE))
    return response


@require_GET
@login_required
def unsent_form(request):
    pending = resubmission.pending_submission(request)
    if pending and pending.person == request.user.pk:
        return render(request, "accounts/unsent_form.html", {"held": pending})
    response = redirect("home")
    if pending:
        resubmission.drop(request, response)
        messages.info(
            request,
            _("Another person used this page before you and left text that was not sent. This text has been deleted."),
        )
    elif request.COOKIES.get(resubmission.FORM_COOKIE):
        resubmission.drop(request, response)
        message = _(
            "You were signed out when you sent this text. The site kept the text for 30 minutes. That time is "
            "over, so the text was not sent."
        )
        messages.info(request, message)
    return response


@require_GET
@login_required
def session(request):
    """Return the remaining times of the session; the request itself extends it."""
    return JsonResponse(sessions.times(request.session, request.user, sessions.now()))


class JoinForm(OurFields, Form):
    staff_number = CharField(max_length=40, widget=TextInput({"autocapitalize": "characters", "spellcheck": "false"}))
    name = CharField(max_length=120, widget=TextInput({"autocomplete": "name"}))
    labels = {"staff_number": _("Staff number"), "name": _("Name")}
    help_texts = {"name": _("Enter your name as it is in your company’s records.")}

    def clean_staff_number(self):
        number = plain_staff_number(self.cleaned_data["staff_number"])
        if "@" in number:
            raise ValidationError(_("A staff number cannot contain @."))
        User._meta.get_field("staff_number").run_validators(number)  # normalizing may lengthen it
        return number


@method_decorator(never_cache, name="dispatch")
class JoinView(Says422, FormView):
    """Page of an invite link. Each failed attempt gets the same answer, whether or not the number exists."""

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
            form.add_error(None, _("Too many attempts. Try again in 1 hour, or ask your manager."))
            return self.form_invalid(form)
        person = join_by_link(self.link, form.cleaned_data["staff_number"], form.cleaned_data["name"])
        if person is None:
            count_attempt(self.request, self.link)
            return render(self.request, self.template_name, {"state": "waiting", "team": self.link.team})
        if self.request.user.is_authenticated:
            auth.logout(self.request)
        return go_in(self.request, person)
