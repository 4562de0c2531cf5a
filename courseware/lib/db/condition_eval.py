"""Condition evaluation: apply a query condition (Q) to one object in Python, without a query."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import Q

# By lookup, as in a queryset. Other lookups raise KeyError, because they might differ from the database.
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "gt": lambda value, least: value is not None and value > least,
    "gte": lambda value, least: value is not None and value >= least,
    "lt": lambda value, limit: value is not None and value < limit,
    "lte": lambda value, most: value is not None and value <= most,
}
CONNECTORS: Mapping[str, Callable[[Iterable[bool]], bool]] = {Q.AND: all, Q.OR: any}


def fulfils(row: object, condition: Q) -> bool:
    """Return whether the attributes of `row` fulfil `condition`, a Q on its own columns. Raise KeyError for a lookup
    not in COMPARISONS, also for one that follows a relation.
    """
    parts = (fulfils(row, part) if isinstance(part, Q) else _compares(row, part) for part in condition.children)
    return CONNECTORS[condition.connector](parts) != condition.negated


def _compares(row: object, part: Any) -> bool:
    name, expected = part
    column, _, lookup = name.partition("__")
    return COMPARISONS[lookup](getattr(row, column), expected)
