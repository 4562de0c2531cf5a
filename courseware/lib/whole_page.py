"""Leading on from a request that a script may have sent, to replace a part of its page."""

from typing import Any

from django.http import HttpResponse
from django_htmx.http import HttpResponseClientRedirect


def for_the_whole_page(request: Any, redirection: Any) -> HttpResponse:
    """The redirection; where a script has asked, one that the page follows and not the script."""
    return HttpResponseClientRedirect(redirection.url) if request.htmx else redirection
