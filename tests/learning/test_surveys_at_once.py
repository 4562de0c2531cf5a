"""Two learners who answer a survey at the same moment: neither answer is overlooked by the other."""

from courseware.content.compiled import serving
from courseware.learning.feedback import answer_survey
from courseware.learning.models import Enrollment, SurveyAnswers
from courseware.lib.disclosure import STEP
from tests.at_once import one_behind_the_other
from tests.making import make_course, make_enrollment
from tests.site.test_chains import postgres  # noqa: F401 - a fixture


def test_the_last_two_of_five_are_shown_with_the_others(postgres):  # noqa: F811
    course = make_course()
    runs = [make_enrollment(course=course) for _person in range(STEP)]
    page = serving.page(course.current, "voice", "en")

    def answer(run):
        answer_survey(Enrollment.objects.get(pk=run.pk), page, {"recommend": 9}, is_signed=False)

    for run in runs[:-2]:
        answer(run)
    one_behind_the_other(lambda: answer(runs[-2]), lambda: answer(runs[-1]))
    assert SurveyAnswers.objects.exclude(shown_from=None).count() == STEP
