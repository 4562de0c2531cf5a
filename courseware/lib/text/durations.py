"""Durations in words: the template filter `{{ step.minutes|in_words }}`."""

from django.template import Library
from django.utils.translation import ngettext

register = Library()

HOUR, STEP = 60, 5  # minutes


@register.filter("in_words")
def minutes_text_of(minutes: float) -> str:
    """Return "5 minutes" or "2 hours 20 minutes": whole minutes, at least 1; from an hour on, multiples of 5."""
    if minutes < HOUR - 0.5:
        whole = max(1, int(minutes + 0.5))
        return ngettext("%(minutes)d minute", "%(minutes)d minutes", whole) % {"minutes": whole}
    hours, rest = divmod(STEP * round(minutes / STEP), HOUR)
    if not rest:
        return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
    message = ngettext("%(hours)d hour %(minutes)d minutes", "%(hours)d hours %(minutes)d minutes", hours)
    return message % {"hours": hours, "minutes": rest}
