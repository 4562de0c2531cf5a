"""Two learners who answer a survey at the same moment: neither answer is overlooked by the other."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from courseware.content.compiled import serving
from courseware.learning.feedback import answer_survey
from courseware.learning.models import Enrollment, SurveyAnswers
from courseware.lib.disclosure import STEP
from tests.faults.sites import wait_until
from tests.learning.test_postponing_at_once import is_anybody_waiting
from tests.making import make_course, make_enrollment
from tests.site.test_chains import postgres  # noqa: F401 - a fixture


def test_the_last_two_of_five_are_shown_with_the_others(postgres):  # noqa: F811
    course = make_course()
    runs = [make_enrollment(course=course) for _person in range(STEP)]
    page = serving.page(course.current, "voice", "en")

    def answer(run):
        answer_survey(Enrollment.objects.get(pk=run.pk), page, {"recommend": 9}, is_signed=False)

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
    assert SurveyAnswers.objects.exclude(shown_from=None).count() == STEP
