"""Views of the branding's style sheet and logo, which browsers may cache forever."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from courseware.branding.colours import colour_stylesheet, digest_of_stylesheet
from courseware.branding.models import Logo

COLOUR = re.compile("[0-9a-f]{6}")


@require_safe
def colours(request: HttpRequest, light: str, dark: str, digest: str) -> HttpResponse:
    """Show the style sheet; 404 unless `digest` belongs to the colours ("rrggbb", or "none" for the default)."""
    if not all(COLOUR.fullmatch(colour) or colour == "none" for colour in (light, dark)):
        raise Http404
    pair = ["" if colour == "none" else f"#{colour}" for colour in (light, dark)]
    if digest != digest_of_stylesheet(*pair):
        raise Http404
    return cached_for_ever(colour_stylesheet(*pair), "text/css; charset=utf-8")


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    found = Logo.objects.filter(pk=digest).only("body").first()
    if found is None:
        raise Http404
    return cached_for_ever(bytes(found.body), "image/png")


def cached_for_ever(body: str | bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; form-action 'none'; frame-ancestors 'none'"
    return response
