"""The button *Undo* after something was decided, and on its line on the page of the person."""

import pytest
from bs4 import BeautifulSoup

from courseware.learning.adjusting import adjust, enroll_people
from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.enrolling import extend, waive
from courseware.learning.manager_actions import ENROLL
from courseware.learning.models import Enrollment
from courseware.reporting.consistency import differences
from tests.assessment.exams import START, make_course_with_pre_check, start
from tests.making import days, join, make_admin, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrollment(team):
    enrollment = make_enrollment(make_user("Zhou Kai"), due_at=days(2))
    join(team, enrollment.learner)
    return enrollment


def page_of(response):
    return BeautifulSoup(response.content, "html.parser")


def undo_forms(page, where="main"):
    return page.select(f"{where} form.undo")


def send(client, form):
    fields = {field["name"]: field["value"] for field in form.select("input") if field["name"] != "csrfmiddlewaretoken"}
    return client.post(form["action"], fields, follow=True)


def test_after_each_act_the_answer_can_be_taken_back(signed_in, enrollment):
    before = enrollment.due_at
    response = signed_in.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": "2030-03-04"}, follow=True)
    [beside], [on_its_line] = (undo_forms(page_of(response), where) for where in (".messages", ".timeline"))
    assert beside["action"] == on_its_line["action"]
    response = send(signed_in, beside)
    assert [each.text for each in page_of(response).select(".message")] == ["Taken back for 1 person: Zhou Kai."]
    enrollment.refresh_from_db()
    assert enrollment.due_at == before
    assert "Taken back by Li Lin" in page_of(response).select_one(".timeline .extended").text
    assert undo_forms(page_of(response)) == []
    again = send(signed_in, beside)
    assert [each.text for each in page_of(again).select(".message")] == ["Zhou Kai: It was taken back already."]


def test_only_what_was_decided_last_can_be_taken_back(signed_in, team, enrollment):
    extend(enrollment, days(9).date(), by=team.manager)
    [first] = undo_forms(page_of(signed_in.get(f"/team/people/{enrollment.pk}/")))
    extend(enrollment, days(20).date(), by=make_admin())
    [second] = undo_forms(page_of(signed_in.get(f"/team/people/{enrollment.pk}/")))
    assert first["action"] != second["action"]
    sentence = "Zhou Kai: Something was decided or has happened since, and that stays: nothing was taken back."
    assert [each.text for each in page_of(send(signed_in, first)).select(".message")] == [sentence]
    enrollment.refresh_from_db()
    assert enrollment.due_on == days(20).date()


def test_a_decision_of_a_kind_that_this_version_does_not_know_is_not_taken_back(signed_in, team, enrollment):
    extend(enrollment, days(9).date(), by=team.manager)
    [form] = undo_forms(page_of(signed_in.get(f"/team/people/{enrollment.pk}/")))
    Adjustment.objects.update(kind="unknown")
    sentence = "Zhou Kai: This version of the site does not know how to undo it, so nothing was changed."
    assert [each.text for each in page_of(send(signed_in, form)).select(".message")] == [sentence]
    enrollment.refresh_from_db()
    assert enrollment.due_on == days(9).date()


def test_what_is_older_than_a_day_has_no_button(signed_in, team, enrollment):
    waive(enrollment, "moved", by=team.manager, at=days(-2))
    assert undo_forms(page_of(signed_in.get(f"/team/people/{enrollment.pk}/"))) == []


def test_who_leads_only_some_of_the_people_takes_back_only_theirs(client, team, enrollment):
    other = make_enrollment(course=enrollment.course)
    made, _refused = adjust([enrollment, other], Adjustment(kind="waived", reason="flood", made_by=make_admin()))
    client.force_login(team.manager)
    assert client.post(f"/people/acts/{made.pk}/undo/", {"only": other.pk}).status_code == 404
    client.post(f"/people/acts/{made.pk}/undo/")
    assert [line.enrollment for line in AdjustmentLine.objects.exclude(undone_at=None)] == [enrollment]


def test_nobody_takes_back_what_was_decided_about_oneself(client, team, enrollment):
    waive(enrollment, "moved", by=team.manager)
    made = AdjustmentLine.objects.get().adjustment
    join(team, enrollment.learner, "manager")
    for person in (enrollment.learner, make_team().manager, make_user()):
        client.force_login(person)
        assert client.post(f"/people/acts/{made.pk}/undo/").status_code == 404
    enrollment.refresh_from_db()
    assert not enrollment.is_open


def test_an_enrollment_stays_in_which_a_sitting_was_only_opened(signed_in, team):
    people = [make_user("Ann"), make_user("Bob")]
    for person in people:
        join(team, person)
    adjustment = Adjustment(kind=ENROLL.kind, course=make_course_with_pre_check(), made_by=team.manager)
    enroll_people([person.pk for person in people], adjustment)
    ann = Enrollment.objects.get(learner=people[0])
    start(ann, START)
    response = signed_in.post(f"/people/acts/{adjustment.pk}/undo/", follow=True)
    assert [each.text for each in page_of(response).select(".message")] == [
        "Taken back for 1 person: Bob.", "Ann: The course was begun meanwhile, so the enrollment stays.",
    ]  # fmt: skip
    assert list(Enrollment.objects.open()) == [ann]
    assert list(differences()) == []
