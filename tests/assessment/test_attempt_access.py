"""Whose attempt it is, and who finds nothing."""

import pytest
from django.urls import reverse

from courseware.assessment.models import Attempt, Response
from courseware.learning import enrolling
from tests.assessment.exams import make_course, ready, sit, start
from tests.assessment.sitting import EXAM, page, save
from tests.making import join, make_admin, make_editor, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
PLACES = ["{}", "{}review/", "{}result/"]
FORMS = ["{}1/", "{}submit/"]


def rows():
    return list(Attempt.objects.values()), list(Response.objects.values())


@pytest.fixture
def others():
    """Everybody who may not touch Lea's attempt, though each has a right to something."""
    team = make_team()
    course = make_course()
    owner = make_user("Lea")
    join(team, owner)
    attempt = start(ready(course, owner))
    people = [make_enrollment(course=course).learner, make_user(), team.manager, make_editor(), make_admin()]
    return attempt, people


def test_the_attempt_of_another_is_not_there(client, others):
    attempt, people = others
    before = rows()
    base = f"/attempts/{attempt.pk}/"
    for person in people:
        client.force_login(person)
        for place in PLACES:
            assert client.get(place.format(base)).status_code == 404
        for form in FORMS:
            assert client.post(form.format(base), {"choice": "0", "saves": "0"}).status_code == 404
    assert rows() == before


def test_a_stranger_signs_in_first_and_comes_back_to_the_question(client, others):
    attempt, _people = others
    before = rows()
    for place in PLACES:
        address = place.format(f"/attempts/{attempt.pk}/")
        assert client.get(address)["Location"] == f"{reverse('account_login')}?next={address}"
    back = f"{reverse('account_login')}?next=/attempts/{attempt.pk}/%3Fquestion%3D2"
    assert save(client, attempt, 2, choice="0")["Location"] == back
    live = save(client, attempt, 2, live=True, choice="0")
    assert (live.status_code, live["HX-Redirect"]) == (200, back)
    assert client.post(f"/attempts/{attempt.pk}/submit/")["Location"].endswith(f"?next=/attempts/{attempt.pk}/")
    assert client.post(f"{EXAM}start/")["Location"].endswith(f"?next={EXAM}")
    assert rows() == before


@pytest.mark.parametrize(
    "address",
    ["/exam/tea-room/nowhere/", "/exam/tea-room/boiling/", "/exam/nowhere/last-cup/", "/attempts/999/",
     "/attempts/99999999999999999999/", "/attempts/1/99999999999999999999/"],
)  # fmt: skip
def test_what_is_not_there_is_not_there(client, attempt, address):
    address = address.replace("/1/", f"/{attempt.pk}/")
    method = client.post if address.count("/") > 3 and "attempts" in address else client.get
    assert method(address, {"choice": "0", "saves": "0"}).status_code == 404


def test_looking_changes_nothing(client, attempt):
    before = rows()
    for address in (EXAM, page(attempt), f"/attempts/{attempt.pk}/review/", f"/attempts/{attempt.pk}/result/"):
        client.get(address)
    for address in (f"/attempts/{attempt.pk}/submit/", f"/attempts/{attempt.pk}/1/", f"{EXAM}start/"):
        assert client.get(address).status_code == 405
    assert rows() == before


def test_an_excused_learner_still_sees_the_own_result(client, learner):
    enrollment = ready(make_course(), learner)
    attempt = sit(enrollment, points=0)
    enrolling.waive(enrollment, "moved", by=None)
    assert client.get(f"/attempts/{attempt.pk}/result/").status_code == 200
    assert "This enrollment has ended" in client.get(EXAM).text


def test_whoever_is_excused_in_the_middle_of_an_attempt_is_told_so_on_every_page(client, attempt):
    enrolling.waive(attempt.enrollment, "moved", by=None)
    for address in (EXAM, page(attempt)):
        assert "no more answers are taken" in client.get(address).text
    answered = save(client, attempt, choice="0")
    assert answered.headers["location"] == f"/attempts/{attempt.pk}/"
    client.post(f"/attempts/{attempt.pk}/submit/")
    assert client.get(f"/attempts/{attempt.pk}/result/").status_code == 200
