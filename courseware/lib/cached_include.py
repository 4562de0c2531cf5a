"""Pieces of pages that this process keeps once they are rendered.

    {% load cached_include %}
    {% cached_include "learning/_question.html" card=card course=course %}

does what `{% include … with … only %}` does, but once for the same values and language: most of a page's time goes into
rendering, and most of what is rendered was rendered before, for somebody else. The template sees these values and
nothing more, neither `user` nor `request`, so a kept piece cannot show what it is not kept by.

Two things differ in every form and are filled in afterwards: `{% csrf_token %}`, and `{{ form_token }}`, a new UUID.
"""

import secrets
import uuid
from collections.abc import Hashable
from functools import lru_cache

from django.db.models import Model
from django.template import Context, Library
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

register = Library()

PIECES = 4096  # some kilobytes each

# Nobody can write these into a page: they are made when the process starts.
CSRF_TOKEN, FORM_TOKEN = secrets.token_hex(32), secrets.token_hex(32)


@register.simple_tag(takes_context=True)
def cached_include(context: Context, template: str, **values: Hashable) -> SafeString:
    """The template rendered with `values`, which are hashable, and equal only where they look the same."""
    html = rendered(template, get_language(), get_current_timezone_name(), tuple(values.items()))
    if CSRF_TOKEN in html:
        html = html.replace(CSRF_TOKEN, str(context["csrf_token"]))
    while FORM_TOKEN in html:
        html = html.replace(FORM_TOKEN, str(uuid.uuid4()), 1)
    return mark_safe(html)


@lru_cache(PIECES)
def rendered(template: str, language: str | None, time_zone: str, values: tuple[tuple[str, Hashable], ...]) -> str:
    for name, value in values:
        if isinstance(value, Model):
            raise TypeError(f"{name}: two {type(value).__name__} with one primary key are equal, whatever they say")
    return render_to_string(template, dict(values) | {"csrf_token": CSRF_TOKEN, "form_token": FORM_TOKEN})
