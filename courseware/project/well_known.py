"""Views of well-known URLs: service worker, security.txt, change-password."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

HOLDS_FOR = timedelta(days=90)

change_password = RedirectView.as_view(pattern_name="account_change_password")


@require_safe
def service_worker(request):
    """Show the script of offline pages. It is at the root because its scope is the URLs below its own."""
    script = finders.find("js/service_worker.js")
    if script is None:
        raise Http404
    return HttpResponse(Path(script).read_bytes(), content_type="text/javascript; charset=utf-8")


@require_safe
def security_txt(request):
    """Show security.txt (RFC 9116); 404 without a security contact."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + HOLDS_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}",
        "Preferred-Languages: zh, en",
        f"Canonical: {settings.SITE_URL.rstrip('/')}{request.path}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
