"""Template tag `{% cached_include "x.html" card=card %}`: an `{% include … only %}` rendered once per process."""

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

PIECES = 4096  # cached, some kilobytes each

# Placeholders that no text can contain, because each process generates its own.
CSRF_TOKEN, FORM_TOKEN = secrets.token_hex(32), secrets.token_hex(32)


@register.simple_tag(takes_context=True)
def cached_include(context: Context, template: str, **values: Hashable) -> SafeString:
    """Return the rendered template, which sees only `values`: hashable, and equal only if they look the same.
    `{% csrf_token %}` and `{{ form_token }}`, a new UUID, are filled in each time. Raise TypeError for model instances.
    """
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
