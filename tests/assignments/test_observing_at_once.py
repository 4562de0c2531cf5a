"""Two leads who answer about two people of one team at the same moment: neither answer is overlooked by the other."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from courseware.assignments.observations import ObservationAnswers
from courseware.learning.models import Enrollment
from courseware.lib.disclosure import STEP
from tests.assignments.sheets import answered, completed
from tests.faults.sites import wait_until
from tests.learning.test_postponing_at_once import is_anybody_waiting
from tests.making import make_team
from tests.site.test_chains import postgres  # noqa: F401 - a fixture


def test_the_last_two_of_five_are_shown_with_the_others(postgres):  # noqa: F811
    team = make_team()
    runs = [completed(team) for _person in range(STEP)]

    def answer(run):
        answered(Enrollment.objects.get(pk=run.pk), {"seen-off": 0}, by=team.manager)

    def answer_in_a_connection_of_its_own(run):
        try:
            answer(run)
        finally:
            connection.close()

    for run in runs[:-2]:
        answer(run)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            answer(runs[-2])
            last = pool.submit(answer_in_a_connection_of_its_own, runs[-1])
            wait_until(is_anybody_waiting, "nobody waits")
        last.result(60)
    assert ObservationAnswers.objects.filter(team=team).count() == STEP
