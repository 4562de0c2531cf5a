"""Rollback of a rule: its actions are undone as far as nobody has started."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assessment.exams import attempts
from courseware.assignments.models import RuleAction
from courseware.assignments.rules import execution, lifecycle
from courseware.assignments.rules.lifecycle import switch_on, undo_actions_of_rule, undo_for_some
from courseware.audit_log.models import Event
from courseware.audit_log.record import record
from courseware.learning.enrollments import enrollment
from courseware.learning.models import Enrollment
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.integrity.audit_log import differences as log_differences
from courseware.reporting.integrity.check_all import differences
from tests.assignments.rules import make_rule
from tests.making import join, make_hr, make_user, sent_emails

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 25)


def people_in(team, *names):
    people = [make_user(name) for name in names]
    for person in people:
        join(team, person)
    return people


def execute_rule(course, team, **terms):
    rule = make_rule(course, team_id=team.pk, **terms)
    execution.act(TODAY)
    return rule


def learners():
    return set(Enrollment.objects.open().values_list("learner__name", flat=True))


@pytest.mark.slow
def test_rollback_removes_unstarted_enrollments_and_disables_rule(course, team):
    people_in(team, "Li", "Wu")
    rule, hr = execute_rule(course, team), make_hr()
    assert undo_actions_of_rule(rule, by=hr) == 2
    assert not Enrollment.objects.exists()
    rule.refresh_from_db()
    assert not rule.is_on and execution.act(TODAY) == ""
    assert set(RuleAction.objects.values_list("enrollment", "undone_at__date")) == {(None, TODAY)}
    sent_emails()
    assert set(OutgoingEmail.objects.values_list("state", flat=True)) == {"skipped"}
    assert Event.objects.filter(verb="enrollment-removed", actor=hr, data={"rule": rule.pk}).count() == 2
    assert Event.objects.filter(verb="rule-rolled-back", actor=hr).count() == 1
    assert list(differences()) == [] == list(log_differences())


def test_rollback_keeps_started_changed_and_shared_enrollments(course, team):
    begun, moved, _goes = people_in(team, "Begun", "Moved", "Goes")
    twice, other = make_user("Twice", job_role="phone"), make_user("Other")
    join(team, twice)
    beside = make_rule(course, job_role="phone")
    rule = execute_rule(course, team)
    enrollment.enroll(other, course)  # by hand, so of no rule
    Enrollment.objects.filter(learner=begun).update(started_at=timezone.now())
    enrollment.extend(Enrollment.objects.get(learner=moved), date(2026, 12, 31), by=make_hr())
    assert undo_actions_of_rule(rule, by=make_hr()) == 1
    assert learners() == {"Begun", "Moved", "Twice", "Other"}
    assert undo_actions_of_rule(rule, by=make_hr()) == 0
    assert Event.objects.filter(verb="rule-rolled-back").count() == 1
    assert beside.assignments.filter(undone_at=None).count() == 1


def test_open_exam_attempt_counts_as_started(course, team):
    [person] = people_in(team, "Li")
    rule = execute_rule(course, team)
    enrolled = Enrollment.objects.get(learner=person)
    exam = attempts.ExamAttempt._meta.get_field("exam").related_model.objects.get(kind="exam")
    enrolled.attempts.create(
        exam=exam,
        revision=exam.latest_revision,
        release=course.current,
        number=1,
        started_at=timezone.now(),
        max_points=1,
    )
    assert undo_actions_of_rule(rule, by=make_hr()) == 0
    assert learners() == {"Li"}


@pytest.mark.slow
def test_rollback_exempts_people_already_emailed(course, team):
    people_in(team, "Told")
    rule = execute_rule(course, team)
    sent_emails()
    people_in(team, "New")
    execution.act(TODAY)
    assert undo_actions_of_rule(rule, by=make_hr()) == 2
    enrolled = Enrollment.objects.get()
    assert (enrolled.learner.name, enrolled.exemption_reason) == (
        "Told",
        "The actions of the rule “New people” were undone.",
    )
    assert list(differences()) == [] == list(log_differences())


def test_worker_continues_rollback_only_while_rule_is_off(course, team, monkeypatch):
    monkeypatch.setattr(lifecycle, "RUNS_AT_ONCE", 1)
    asked, rest = [], lifecycle.undo_rest.func
    monkeypatch.setattr(lifecycle, "undo_rest", SimpleNamespace(enqueue=lambda *keys: asked.append(keys)))
    people_in(team, "Li", "Wu", "Bo")
    rule, hr = execute_rule(course, team), make_hr()
    assert undo_actions_of_rule(rule, by=hr) == 1
    assert (asked, len(learners())) == ([(rule.pk, hr.pk)], 2)
    type(rule).objects.filter(pk=rule.pk).update(switched_on_at=timezone.now())
    rest(*asked[0])
    assert len(learners()) == 2
    type(rule).objects.filter(pk=rule.pk).update(switched_on_at=None)
    rest(*asked[0])
    assert learners() == set()


@pytest.mark.slow
def test_page_lists_removed_and_remaining_people_first(client, course, team):
    client.force_login(make_hr())
    begun, *_others = people_in(team, "Begun", "Goes")
    rule = execute_rule(course, team)
    Enrollment.objects.filter(learner=begun).update(started_at=timezone.now())
    address = f"/rules/{rule.pk}/rollback/"
    assert address in client.get(f"/rules/{rule.pk}/").text
    page = client.get(address)
    assert ([name for _pk, name in page.context["going"]], page.context["staying"]) == (["Goes"], ["Begun"])
    assert learners() == {"Begun", "Goes"}
    done = client.post(address, {"act": "all"}, follow=True)
    assert "The rule is off, and its actions were undone for 1 person." in done.text
    assert "There was nothing to undo." in client.post(address, {"act": "all"}, follow=True).text
    assert learners() == {"Begun"}
    assert address not in client.get(f"/rules/{rule.pk}/").text


@pytest.mark.slow
def test_partial_rollback_keeps_rule_on_without_reenrolling(course, team):
    people = people_in(team, "Ann", "Bo", "Cy")
    rule, hr = execute_rule(course, team), make_hr()
    keys = list(Enrollment.objects.filter(learner__in=people[:2]).values_list("pk", flat=True))
    assert undo_for_some(rule, keys, by=hr) == 2
    assert undo_for_some(rule, keys, by=hr) == 0
    rule.refresh_from_db()
    assert rule.is_on and learners() == {"Cy"}
    assert execution.act(TODAY) == execution.act(date(2026, 11, 26)) == ""
    assert Event.objects.filter(verb="rule-rolled-back", actor=hr, data={"people": 2}).count() == 1
    # Rolled back as a whole and switched on again, it enrolls the others again.
    undo_actions_of_rule(rule, by=hr)
    switch_on(rule, by=hr)
    assert execution.act(TODAY) == "enroll: 1" and learners() == {"Cy"}
    assert [email.to for email in sent_emails()] == [[people[2].email]]
    assert list(differences()) == [] == list(log_differences())


def test_nobody_rolls_back_own_enrollment(course, team):
    hr = make_hr()
    join(team, hr)
    people_in(team, "Ann")
    rule = execute_rule(course, team)
    assert undo_for_some(rule, list(Enrollment.objects.values_list("pk", flat=True)), by=hr) == 1
    assert undo_actions_of_rule(rule, by=hr) == 0
    assert learners() == {hr.name}


def test_conflict_of_interest_prevents_rollback(course, team):
    [benefactor] = people_in(team, "Ann")
    rule, hr = execute_rule(course, team), make_hr()
    data = {"role": "manager", "team": team.pk}
    record("membership-added", actor=benefactor, subject=hr, data=data)
    keys = list(Enrollment.objects.values_list("pk", flat=True))
    assert undo_for_some(rule, keys, by=User.objects.get(pk=hr.pk)) == 0
    assert undo_for_some(rule, keys, by=make_hr()) == 1


@pytest.mark.slow
def test_rollback_of_selected_people_asks_first(client, course, team):
    people_in(team, "Ann", "Bo", "Cy")
    rule, page = execute_rule(course, team), "/rules/{}/rollback/"
    client.force_login(make_hr())
    address = page.format(rule.pk)
    assert client.get(address).text.count('type="checkbox" name="run"') == 3
    keys = [Enrollment.objects.get(learner__name=name).pk for name in ("Ann", "Bo")]
    shown = client.post(address, {"run": keys})
    assert "Undo the actions for 2 people" in shown.text and "Cy" not in shown.text
    assert learners() == {"Ann", "Bo", "Cy"}
    answer = client.post(address, {"run": keys, "act": "some"}, follow=True)
    assert (
        "The actions of the rule were undone for 2 people. The rule does not enroll these people again." in answer.text
    )
    assert learners() == {"Cy"}
    # The second time nothing is left to undo.
    assert "There was nothing to undo." in client.post(address, {"run": keys, "act": "some"}, follow=True).text
