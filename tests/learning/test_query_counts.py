"""Query counts of course pages do not grow with course or company."""

from collections import Counter

import pytest
from django.urls import reverse

from courseware.accounts.models import User
from courseware.learning.models import Enrollment
from tests.counting import FRAME, statements
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, PRACTICE, answer_url, sent, try_it
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db
HOME = reverse("home")


def longer_course(modules):
    files = {path.replace("02-end", "99-end"): data for path, data in make_files().items()}
    for number in range(2, modules + 1):
        for path, data in make_files().items():
            if path.startswith("01-water/") and "drill" not in path:
                new = data.replace(b"O1.", b"O%d." % number).replace(b"id: ", b"id: n%d-" % number)
                new = new.replace(b"covers: [M1.S1.P1, M1.S1]\n", b"")
                for question in (*PRACTICE, "is-it-off"):
                    new = new.replace(b"{#%s" % question.encode(), b"{#n%d-%s" % (number, question.encode()))
                files[path.replace("01-water", f"{number:02}-water")] = new
    return files


def many_others(course):
    names = (f"other{number}@example.org" for number in range(100))
    others = User.objects.bulk_create(User(email=name, name=name, password="!") for name in names)
    Enrollment.objects.bulk_create(Enrollment(learner=other, course=course) for other in others)


@pytest.fixture(params=["a short course", "ten times as much"])
def enrollment(request, client):
    is_large = request.param != "a short course"
    enrollment = make_enrollment(course=make_course(longer_course(10 if is_large else 1)))
    if is_large:
        many_others(enrollment.course)
    client.force_login(enrollment.learner)
    try_it(enrollment, "what-first", ["0"])
    client.get(LESSON)  # outline and page are cached from now on
    return enrollment


@pytest.mark.slow
def test_query_counts_do_not_depend_on_course_and_company_size(client, enrollment):
    wrong = {"data": sent("1", tries=1)}
    counts = {
        # enrollment, completions, answers, autosave, saved phrases
        "lesson": statements(lambda: client.get(LESSON)) - FRAME,
        # enrollment, completions, open attempt, daily question (2), answers, saved phrases
        "home": statements(lambda: client.get(HOME)) - FRAME,
        # enrollment, its lock, same token, recent answers, answers; INSERT answer, UPDATE enrollment
        "answer": statements(lambda: client.post(answer_url("what-first"), **wrong)) - FRAME,
    }
    assert counts == {
        "lesson": Counter(SELECT=5),
        "home": Counter(SELECT=7),
        "answer": Counter(SELECT=5, INSERT=1, UPDATE=1),
    }
