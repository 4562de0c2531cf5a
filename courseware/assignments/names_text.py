"""Names as text: lists of names, also grouped by reason."""

from collections import defaultdict
from collections.abc import Sequence

from django.contrib import messages
from django.utils.translation import gettext, ngettext

NAMES = 5  # listed at most


def names_text(names: Sequence[str]) -> str:
    """Return at most NAMES names as text, and the number of the others."""
    listed = gettext(", ").join(names[:NAMES])
    more = len(names) - NAMES
    if more <= 0:
        return listed
    return ngettext("%(names)s and %(number)d more person", "%(names)s and %(number)d more people", more) % {
        "names": listed,
        "number": more,
    }


def by_reason(refused):
    """Return (text of reason, names as text) pairs, sorted by reason. `refused`: (reason, its text, name) triples."""
    names = defaultdict(list)
    for why, words, name in refused:
        names[why, words].append(name)
    return [(words, names_text(alike)) for (_why, words), alike in sorted(names.items())]


def say_by_reason(request, refused):
    """Show a message for each reason. `refused`: as in `by_reason`."""
    for label, names in by_reason(refused):
        messages.info(request, f"{names}{gettext(': ')}{label}")
