"""Two leads who answer about two people of one team at the same moment: neither answer is overlooked by the other."""

from courseware.assignments.observations import ObservationAnswers
from courseware.learning.models import Enrollment
from courseware.lib.disclosure import STEP
from tests.assignments.sheets import answered, completed
from tests.at_once import one_behind_the_other
from tests.making import make_team
from tests.site.test_chains import postgres  # noqa: F401 - a fixture


def test_the_last_two_of_five_are_shown_with_the_others(postgres):  # noqa: F811
    team = make_team()
    runs = [completed(team) for _person in range(STEP)]

    def answer(run):
        answered(Enrollment.objects.get(pk=run.pk), {"seen-off": 0}, by=team.manager)

    for run in runs[:-2]:
        answer(run)
    one_behind_the_other(lambda: answer(runs[-2]), lambda: answer(runs[-1]))
    assert ObservationAnswers.objects.filter(team=team).count() == STEP
