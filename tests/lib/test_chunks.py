"""Many rows a few at a time: of one moment, in their order, and on PostgreSQL without waiting for all of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.models import Team
from courseware.lib.chunks import chunks
from tests.making import make_team


@pytest.fixture
def teams():
    return [make_team(f"Team {number}") for number in range(5)]


@pytest.mark.django_db(transaction=True)
def test_rows_come_in_order_so_many_at_a_time_by_one_statement_that_is_not_made_ready_beforehand(teams):
    with CaptureQueriesContext(connection) as asked:
        found = list(chunks(Team.objects.order_by("pk"), 2))
    assert found == [teams[:2], teams[2:4], teams[4:]]
    statements = [query["sql"] for query in asked if "accounts_team" in query["sql"]]
    assert len(statements) == 1
    assert "WITH HOLD" not in statements[0]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_somebody_stops_reading_leaves_no_transaction_behind(teams):
    reading = chunks(Team.objects.order_by("pk"), 2)
    assert next(reading) == teams[:2]
    reading.close()
    assert not connection.in_atomic_block
    assert list(chunks(Team.objects.none(), 2)) == []
