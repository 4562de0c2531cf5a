"""Evaluate a query condition on one object."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import Q

# By the ending of a name, as in a queryset. Any other is a KeyError: better none than one that answers otherwise there.
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "gt": lambda value, least: value is not None and value > least,
    "gte": lambda value, least: value is not None and value >= least,
    "lt": lambda value, limit: value is not None and value < limit,
    "lte": lambda value, most: value is not None and value <= most,
}
CONNECTORS: Mapping[str, Callable[[Iterable[bool]], bool]] = {Q.AND: all, Q.OR: any}


def fulfils(row: object, condition: Q) -> bool:
    """Whether the row's own columns fulfil the condition. Runs no query (`Q.check` would)."""
    parts = (fulfils(row, part) if isinstance(part, Q) else _compares(row, part) for part in condition.children)
    return CONNECTORS[condition.connector](parts) != condition.negated


def _compares(row: object, part: Any) -> bool:
    """`part`: (column with lookup, value)."""
    name, wanted = part
    column, _, lookup = name.partition("__")
    return COMPARISONS[lookup](getattr(row, column), wanted)
