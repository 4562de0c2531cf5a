"""A condition asked of one object, where the database is asked it of many rows."""

import operator

from django.db.models import Q

# By the ending of a name, as in a queryset. Any other is a KeyError: better none than one that answers otherwise there.
COMPARISONS = {"": operator.eq, "lte": lambda value, most: value is not None and value <= most}
CONNECTORS = {Q.AND: all, Q.OR: any}


def fulfils(row, condition: Q) -> bool:
    """Whether the row's own columns fulfil the condition. Runs no query (as `Q.check` would)."""
    parts = (fulfils(row, part) if isinstance(part, Q) else _compares(row, *part) for part in condition.children)
    return CONNECTORS[condition.connector](parts) != condition.negated


def _compares(row, name: str, wanted) -> bool:
    column, _, lookup = name.partition("__")
    return COMPARISONS[lookup](getattr(row, column), wanted)
