"""Who gives somebody time and who notes the same person as away wait for each other, and not in a circle."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.learning.adjusting import undo
from courseware.learning.adjustments import Adjustment
from courseware.learning.enrolling import give_time
from courseware.learning.postponing import lock_person, mark_away, settle
from courseware.lib.dates import site_day
from tests.faults.sites import wait_until
from tests.making import days, make_enrollment


def take_back(run):
    adjustment = Adjustment.objects.get()
    undo(adjustment, list(adjustment.lines.all()), by=None)


ACTS = {"given": lambda run: give_time(run, "2", by=None), "taken back": take_back}


def is_anybody_waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("act", ACTS)
def test_time_is_given_while_absences_move_due_days(act, transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nothing is changed at once")
    run = make_enrollment(due_at=days(9))
    mark_away(run.learner, site_day(), site_day(), by=None)
    if act == "taken back":
        give_time(run, "2", by=None)

    def in_a_connection_of_its_own():
        try:
            ACTS[act](run)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_person(run.learner)
            acting = pool.submit(in_a_connection_of_its_own)
            wait_until(is_anybody_waiting, "nobody waits")
            settle(run.learner, None, timezone.now())
        acting.result(60)
    assert User.objects.get(pk=run.learner_id).practice_time == ("2" if act == "given" else "")
