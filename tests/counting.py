"""Counts database queries of a page."""

from collections import Counter

from django.db import connection
from django.test.utils import CaptureQueriesContext

FRAME = Counter(SELECT=2)  # session and person, read by every page


def statements(ask):
    """How many of each kind, without those that open and end a transaction."""
    with CaptureQueriesContext(connection) as asked:
        response = ask()
    assert response.status_code in (200, 302), response.text
    kinds = Counter(query["sql"].lstrip("(").split()[0] for query in asked)
    return Counter({kind: count for kind, count in kinds.items() if kind in ("SELECT", "INSERT", "UPDATE", "DELETE")})
