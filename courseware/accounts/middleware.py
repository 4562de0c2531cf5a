"""Middleware that sets the language, and returns to the page of a form after a sign-in."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from courseware.accounts.security import resubmission
from courseware.lib.web.page_views import full_page_redirect


class LanguageMiddleware(MiddlewareMixin):
    """Activate the user's language, or without a sign-in `?language=`; else cookie and browser decide."""

    def process_request(self, request):
        chosen = request.user.language if request.user.is_authenticated else request.GET.get("language")
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen


class ReturnUrlMiddleware(MiddlewareMixin):
    """After a sign-in that a posted form required, return to the page that shows the form."""

    def process_response(self, request, response):
        if request.user.is_authenticated:
            resubmission.remember_person(request, response)
            if request.method == "POST" and resubmission.SENT in request.POST:
                resubmission.drop(request, response)
        if not getattr(response, "url", "").startswith((resolve_url(settings.LOGIN_URL), reverse("admin:login"))):
            return response
        view, arguments = request.resolver_match.func, request.resolver_match.kwargs
        if request.method == "POST" and hasattr(view, "page_of_form"):
            response = self.to_sign_in(request, view, view.page_of_form(**arguments))
        return full_page_redirect(request, response)

    def to_sign_in(self, request, view, page_of_form):
        """Return the redirect to the sign-in page; store the form if possible. `page_of_form`: URL that shows it."""
        if request.htmx or not view.is_held:
            return redirect_to_login(self.return_url(request, page_of_form))
        response = redirect_to_login(reverse("unsent-form"))
        return response if resubmission.hold(request, response, page_of_form) else redirect_to_login(page_of_form)

    def return_url(self, request, page_of_form):
        # htmx sends the URL of its page, which may have its own query.
        if request.htmx and request.htmx.current_url_abs_path:
            fragment = urlsplit(page_of_form).fragment
            return urlsplit(request.htmx.current_url_abs_path)._replace(fragment=fragment).geturl()
        return page_of_form
