"""Redirect the whole page, also if a script sent the request."""

from typing import Any

from django.http import HttpResponse
from django_htmx.http import HttpResponseClientRedirect


def for_the_whole_page(request: Any, redirection: Any) -> HttpResponse:
    return HttpResponseClientRedirect(redirection.url) if request.htmx else redirection
