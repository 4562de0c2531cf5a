"""/people/<pk>/code/: a code for somebody whom no letter reaches."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.models import User
from courseware.accounts.sign_in_codes import give_code, may_give_code
from courseware.lib.form_pages import form_on


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@form_on(lambda pk: reverse("assignments:sign-in-code", args=[pk]), is_held=False)
@never_cache
def sign_in_code(request, pk):
    person = get_object_or_404(User, pk=pk)
    if not may_give_code(request.user, person):
        raise Http404
    return code_page(request, person)


@asks_before_posting
def code_page(request, person):
    """The code stands on the answer alone: whoever loads the page again makes another one."""
    code = give_code(person, by=request.user) if request.method == "POST" else ""
    host = urlsplit(settings.SITE_URL).netloc
    return render(request, "assignments/sign_in_code.html", {"person": person, "code": code, "host": host})
