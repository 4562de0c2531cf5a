"""Durations in words: `{% load durations %} {{ step.minutes|in_words }}`."""

from django.template import Library
from django.utils.translation import gettext, ngettext

register = Library()

HOUR, STEP = 60, 5  # minutes; nobody plans two hours and seventeen


@register.filter("in_words")
def minutes_text_of(minutes: float) -> str:
    """Rounded to halves, from an hour on to fives: "4.5 minutes", "2 hours 20 minutes"."""
    if minutes < HOUR:
        return _below_an_hour(round(minutes * 2) / 2)
    hours, rest = divmod(STEP * round(minutes / STEP), HOUR)
    if not rest:
        return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
    said = ngettext("%(hours)d hour %(minutes)d minutes", "%(hours)d hours %(minutes)d minutes", hours)
    return said % {"hours": hours, "minutes": rest}


def _below_an_hour(minutes: float) -> str:
    if minutes == 0.5:
        return gettext("half a minute")
    # English has one minute, and 0, 1.5 and 2 minutes.
    return ngettext("%(minutes)s minute", "%(minutes)s minutes", 1 if minutes == 1 else 2) % {"minutes": f"{minutes:g}"}
