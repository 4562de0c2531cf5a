"""Concurrent transactions on PostgreSQL: the second waits for locks of the first."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from tests.faults.sites import wait_until
from tests.learning.test_absence_shifts import is_anybody_waiting


def one_behind_the_other(first, second):
    """Call `second` in a connection of its own while the transaction of `first` is open, and wait for both."""

    def second_in_a_connection_of_its_own():
        try:
            second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            last = pool.submit(second_in_a_connection_of_its_own)
            wait_until(is_anybody_waiting, "nobody waits")
        last.result(60)
