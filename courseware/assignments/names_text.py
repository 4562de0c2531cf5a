"""Names of people as a phrase, also by reason."""

from collections import defaultdict
from collections.abc import Sequence

from django.contrib import messages
from django.utils.translation import gettext, ngettext

NAMES = 5  # listed at most


def names_text(names: Sequence[str]) -> str:
    listed = gettext(", ").join(names[:NAMES])
    more = len(names) - NAMES
    if more <= 0:
        return listed
    return ngettext("%(names)s and %(number)d more", "%(names)s and %(number)d more", more) % {
        "names": listed,
        "number": more,
    }


def by_reason(refused):
    """(words of a reason, names as a phrase) for (reason, its words, name of a person), sorted by reason."""
    names = defaultdict(list)
    for why, words, name in refused:
        names[why, words].append(name)
    return [(words, names_text(alike)) for (_why, words), alike in sorted(names.items())]


def say_by_reason(request, refused):
    for label, names in by_reason(refused):
        messages.info(request, f"{names}{gettext(': ')}{label}")
