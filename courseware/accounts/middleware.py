from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import resolve_url
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect


class LanguageMiddleware:
    """The language a person has chosen takes precedence over cookie and browser. Comes after authentication."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        chosen = request.user.language if request.user.is_authenticated else ""
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        return self.get_response(request)


def form_on(address):
    """Decorates the view that takes a form. `address`, called with the view's arguments, is that of the form's page."""

    def mark(view):
        view.page_of_form = address
        return view

    return mark


class BackToThePageMiddleware:
    """After a sign-in that a posted form asked for, leads back to the form's page: the form's own address takes no GET.

    The content of the form is not carried along: the script of the page stores it and fills it in again.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not getattr(response, "url", "").startswith(resolve_url(settings.LOGIN_URL)):
            return response
        view, places = request.resolver_match.func, request.resolver_match.kwargs
        if request.method == "POST" and hasattr(view, "page_of_form"):
            response = redirect_to_login(self.way_back(request, view.page_of_form(**places)))
        return HttpResponseClientRedirect(response.url) if request.htmx else response

    def way_back(self, request, page_of_form):
        # The script sends the address of its page, which may have a query of its own.
        if request.htmx and request.htmx.current_url_abs_path:
            fragment = urlsplit(page_of_form).fragment
            return urlsplit(request.htmx.current_url_abs_path)._replace(fragment=fragment).geturl()
        return page_of_form
