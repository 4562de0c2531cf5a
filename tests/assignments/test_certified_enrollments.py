"""Enrollments that a rule created end if the learner is certified in the course and has not begun."""

from datetime import UTC, date, datetime, timedelta

import pytest

from courseware.assessment.certificates.external_training import record_external_training, revoke_external_training
from courseware.assessment.models import Certificate, ExternalTraining
from courseware.assignments.models import RuleAction
from courseware.assignments.rules import execution
from courseware.assignments.rules.certified_enrollments import (
    end_certified,
    end_unneeded,
    record_trainings,
    undo_ending,
)
from courseware.assignments.rules.plan import preview_rule
from courseware.audit_log.models import Event
from courseware.learning.enrollments.enrollment import enroll, extend
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment
from courseware.reporting.integrity.check_all import differences
from tests.assignments.rules import make_rule
from tests.making import days, join, make_course, make_hr, make_team, make_user
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db
TODAY, NIGHT, IN_A_YEAR = date(2026, 11, 25), date(2026, 11, 26), date(2027, 11, 15)
PAGE = "/people/external-training/"


@pytest.fixture
def rule(course, team):
    return make_rule(course, team_id=team.pk, renewal="whole", renewal_days=60)


@pytest.fixture
def people(team):
    found = [make_user(f"Person {name}", staff_number=f"A{name}") for name in range(1, 5)]
    for person in found:
        join(team, person)
    return found


@pytest.fixture
def signed_in(client, hr):
    client.force_login(hr)
    return client


def external(person, course, until=IN_A_YEAR, on=date(2026, 3, 2)):
    return ExternalTraining(person=person, course=course, trained_on=on, valid_until=until, proof="Seen")


def days_after(number):
    return datetime(2026, 11, 25, 3, tzinfo=UTC) + timedelta(days=number)


def ended():
    return set(Enrollment.objects.exclude(exempted_at=None).values_list("learner", flat=True))


def csv_lines(people, until="2027-11-15"):
    rows = [f"{each.staff_number},tea-room,2026-03-02,{until},Seen" for each in people]
    return "\n".join(["Staff number,Course,Trained on,Valid until,Proof", *rows])


def send_list(client, people, **fields):
    shown = client.post(PAGE, {"lines": csv_lines(people)})
    form = {name: shown.context["form"][name].value() or "" for name in ("lines", "course", "proof", "seen")}
    return shown, client.post(PAGE, {**form, "act": "go", **fields}, follow=True)


@pytest.mark.slow
def test_import_offers_to_end_unstarted_enrollments(signed_in, course, rule, people):
    execution.act(TODAY)
    begun = Enrollment.objects.get(learner=people[3])
    finish_lessons(begun)
    shown, done = send_list(signed_in, people, asked="1", ends="1")
    assert shown.context["to_end"] == 3
    assert (
        "End 3 enrollments. A rule created these enrollments, and the people have not started the course" in shown.text
    )
    assert 'name="ends" value="1" checked' in shown.text
    assert "4 external trainings are recorded." in done.text and "3 enrollments have ended" in done.text
    assert ended() == {each.pk for each in people[:3]}
    assert Event.objects.filter(verb="exempted", actor=signed_in.session["_auth_user_id"]).count() == 3
    # Certified and never overdue.
    states = {
        enrollment.learner: (enrollment.state, enrollment.validity)
        for enrollment in Enrollment.objects.with_state().with_certification_status(days(40))
    }
    assert states[people[0]] == ("waived", "certified")
    assert Enrollment.objects.in_state(Enrollment.State.OVERDUE, days(40)).get() == begun
    assert list(differences()) == []


@pytest.mark.slow
def test_recorded_certificate_ends_enrollment_until_undone(signed_in, course, rule, people):
    execution.act(TODAY)
    address = f"/people/{people[0].pk}/external-training/"
    assert "End the enrollment in the chosen course" in signed_in.get(address).text
    form = {"course": course.pk, "trained_on": "2026-03-02", "last_day": "2027-11-15", "proof": "Seen", "ends": "on"}
    answer = signed_in.post(address, form, follow=True)
    assert ended() == {people[0].pk}
    assert "Enrollments ended: already certified" in answer.text and people[0].name in answer.text
    adjustment = Adjustment.objects.get()
    signed_in.post(f"/people/changes/{adjustment.pk}/undo/")
    assert ended() == set()
    assert RuleAction.objects.filter(undone_at=None).count() == 4
    # The job does not end a reopened enrollment.
    assert end_certified() == "end: 0"
    assert list(differences()) == []


def test_page_does_not_ask_without_enrollment_to_end(signed_in, course, people):
    enroll(people[0], course)  # by hand
    assert "ends" not in signed_in.get(f"/people/{people[0].pk}/external-training/").context["form"].fields
    shown, _done = send_list(signed_in, people)
    assert shown.context["to_end"] == 0 and 'name="asked"' not in shown.text
    assert ended() == set()


@pytest.mark.slow
def test_nightly_job_respects_decision_to_keep_enrollments(signed_in, course, rule, people):
    execution.act(TODAY)
    _shown, done = send_list(signed_in, people, asked="1")
    assert "4 enrollments stay open." in done.text
    assert end_certified() == "end: 0"
    assert Enrollment.objects.open().count() == 4
    enrollment = Enrollment.objects.get(learner=people[0])
    assert (
        "kept the enrollment although the person has a valid certificate"
        in signed_in.get(f"/team/people/{enrollment.pk}/").text
    )


def test_nightly_job_ends_unneeded_enrollments_once(course, rule, people, hr):
    execution.act(TODAY)
    by_hand = make_user()
    enroll(by_hand, course)
    record_external_training([external(each, course) for each in [*people[:2], by_hand]], by=hr)
    record_external_training([external(people[2], course, until=date(2026, 11, 24))], by=hr)  # over
    enrollment = Enrollment.objects.get(learner=people[1])
    extend(enrollment, date(2027, 1, 8), by=hr)  # an extension is no start
    assert end_certified() == "end: 2"
    assert ended() == {each.pk for each in people[:2]}
    [adjustment] = Adjustment.objects.filter(kind="certified")
    assert (adjustment.made_by, adjustment.lines.count()) == (None, 2)
    assert (end_certified(), execution.act(NIGHT)) == ("end: 0", "")


@pytest.mark.slow
def test_renewal_of_expiring_certificate_stays_open(course, rule, people, hr):
    record_external_training([external(people[0], course, until=date(2027, 1, 15))], by=hr)
    assert execution.act(TODAY) == "enroll: 3, renew: 1"
    assert end_certified() == "end: 0"
    # Also if the rule would open it later now.
    rule.current.renewal_days = 30
    rule.current.save()
    assert end_certified() == "end: 0"
    # A newer certificate makes it unneeded.
    record_external_training([external(people[0], course, on=date(2026, 11, 20))], by=hr)
    assert end_certified() == "end: 1"
    assert ended() == {people[0].pk}


def test_enrollment_stays_open_if_renewal_is_due(course, rule, people, hr):
    execution.act(TODAY)
    record_external_training([external(people[0], course, until=date(2027, 1, 15))], by=hr)
    assert end_certified() == "end: 0"


@pytest.mark.slow
def test_rule_enrolls_after_certificate_expires_or_is_revoked(course, team, people, hr):
    make_rule(course, team_id=team.pk)
    execution.act(TODAY)
    record_trainings([external(each, course) for each in people[:2]], by=hr, ends=True)
    revoke_external_training(ExternalTraining.objects.get(person=people[0]), reason="Somebody else", by=hr)
    assert execution.act(NIGHT) == "enroll: 1"
    assert execution.act(IN_A_YEAR + timedelta(days=1)) == "enroll: 1"
    assert Enrollment.objects.filter(learner__in=people[:2]).open().count() == 2


@pytest.mark.slow
def test_automatic_ending_can_be_undone_for_1_week(course, rule, people, hr, client, time_machine):
    execution.act(TODAY)
    record_external_training([external(people[0], course)], by=make_hr())
    end_certified()
    adjustment = Adjustment.objects.get()
    client.force_login(hr)
    assert f"/people/changes/{adjustment.pk}/" in client.get("/rules/").text
    page = client.get(f"/people/changes/{adjustment.pk}/").text
    assert "The site ·" in page and "Undo" in page
    time_machine.move_to(days_after(6))
    client.force_login(hr)
    client.post(f"/people/changes/{adjustment.pk}/undo/")
    assert ended() == set()
    record_external_training([external(people[1], course)], by=make_hr())
    assert end_certified() == "end: 1"
    time_machine.move_to(days_after(14))
    client.force_login(hr)
    client.post(f"/people/changes/{Adjustment.objects.latest('pk').pk}/undo/")
    assert ended() == {people[1].pk}


def test_nobody_ends_own_enrollment(course, team, rule, hr):
    join(team, hr)
    execution.act(TODAY)
    record_external_training([external(hr, course)], by=make_hr())
    adjustment = Adjustment(kind="certified", made_by=hr, made_at=days(0))
    assert end_unneeded([Enrollment.objects.get(learner=hr).pk], adjustment) == 0
    assert ended() == set() and not AdjustmentItem.objects.exists()


@pytest.mark.slow
def test_second_undo_reopens_nothing(course, rule, people, hr):
    execution.act(TODAY)
    adjustment = record_trainings([external(people[0], course)], by=hr, ends=True).adjustment
    lines = list(adjustment.lines.all())
    assert undo_ending(adjustment, lines, by=hr)[0] == [people[0].pk]
    assert undo_ending(adjustment, lines, by=hr)[0] == []
    complete_course(Enrollment.objects.get(learner=people[0]))
    assert list(differences()) == []


# External training counts for rules like a certificate.


ENDS = date(2027, 1, 15)


def train_externally(course, team, until=ENDS, on=date(2026, 1, 15)):
    person = make_user()
    join(team, person)
    row = ExternalTraining(person=person, course=course, trained_on=on, valid_until=until, proof="A list of last year")
    return record_external_training([row], by=make_hr())[0]


def test_external_training_gets_full_renewal_from_its_end():
    course, team = make_course(), make_team()
    training = train_externally(course, team)
    rule = make_rule(course, team_id=team.pk, renewal="short", renewal_days=60)
    [(group, people)] = preview_rule(rule, date(2026, 11, 10)).coming.items()
    assert (group.is_short, group.opens_on, people) == (False, date(2026, 11, 16), [training.person_id])
    assert execution.act(TODAY) == "renew: 1"
    enrollment = Enrollment.objects.get()
    assert (enrollment.learner_id, enrollment.due_on, enrollment.renews_until, enrollment.required) == (
        training.person_id,
        ENDS,
        ENDS,
        None,
    )
    assert execution.act(TODAY) == ""
    complete_course(enrollment)
    assert Certificate.objects.get().valid_until == date(2028, 1, 15)


def test_yearly_renewal_opens_after_training_date():
    course, team = make_course(), make_team()
    train_externally(course, team, until=None, on=date(2026, 11, 20))
    make_rule(course, team_id=team.pk, renewal="whole", renewal_month=11, renewal_day=20, due_days=14)
    assert execution.act(TODAY) == ""
    assert execution.act(date(2027, 11, 20)) == "renew: 1"
