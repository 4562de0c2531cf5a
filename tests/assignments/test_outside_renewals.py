"""Rules see what was learned elsewhere as they see a certificate, and renew it."""

from datetime import date

import pytest

from courseware.assessment.models import Certificate, OutsideTraining
from courseware.assessment.outside_records import record_outside, withdraw_outside
from courseware.assignments import acting
from courseware.assignments.rehearsal import rehearse_rule
from courseware.learning.models import Enrollment
from tests.assignments.rules import make_rule
from tests.making import join, make_course, make_hr, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
TODAY, ENDS = date(2026, 11, 25), date(2027, 1, 15)


def trained_elsewhere(course, team, until=ENDS, on=date(2026, 1, 15)):
    person = make_user()
    join(team, person)
    said = OutsideTraining(person=person, course=course, trained_on=on, valid_until=until, proof="A list of last year")
    return record_outside([said], by=make_hr())[0]


def test_a_rule_leaves_alone_who_was_trained_elsewhere_and_asks_when_that_has_ended_or_was_wrong():
    course, team = make_course(), make_team()
    holds, ended = trained_elsewhere(course, team), trained_elsewhere(course, team, until=date(2026, 11, 24))
    wrong = trained_elsewhere(course, team)
    withdraw_outside(wrong, reason="Another person.", by=make_hr())
    make_rule(course, team_id=team.pk)
    assert acting.act(TODAY) == "enroll: 2"
    assert set(Enrollment.objects.values_list("learner", flat=True)) == {ended.person_id, wrong.person_id}
    assert holds.person_id not in set(Enrollment.objects.values_list("learner", flat=True))


def test_a_renewal_opens_beside_it_counts_from_its_end_and_is_whole_where_others_have_a_short_one():
    course, team = make_course(), make_team()
    training = trained_elsewhere(course, team)
    rule = make_rule(course, team_id=team.pk, renewal="short", renewal_days=60)
    [(group, people)] = rehearse_rule(rule, date(2026, 11, 10)).coming.items()
    assert (group.is_short, group.opens_on, people) == (False, date(2026, 11, 16), [training.person_id])
    assert acting.act(TODAY) == "renew: 1"
    run = Enrollment.objects.get()
    assert (run.learner_id, run.due_on, run.renews_until, run.required) == (training.person_id, ENDS, ENDS, None)
    assert acting.act(TODAY) == ""
    complete_course(run)
    assert Certificate.objects.get().valid_until == date(2028, 1, 15)


def test_whom_it_certifies_fits_a_rule_about_the_other_course():
    other, team = make_course(), make_team()
    training, beside = trained_elsewhere(other, team), make_user()
    join(team, beside)
    rule = make_rule(other, team_id=team.pk, other_course=other, other_certified=False)
    assert list(rehearse_rule(rule, TODAY).acts.values()) == [[beside.pk]]
    withdraw_outside(training, reason="Another person.", by=make_hr())
    assert list(rehearse_rule(rule, TODAY).acts.values()) == [[training.person_id, beside.pk]]  # one reason for both


def test_a_renewal_each_year_opens_after_the_day_of_the_training():
    course, team = make_course(), make_team()
    trained_elsewhere(course, team, until=None, on=date(2026, 11, 20))
    make_rule(course, team_id=team.pk, renewal="whole", renewal_month=11, renewal_day=20, due_days=14)
    assert acting.act(TODAY) == ""
    assert acting.act(date(2027, 11, 20)) == "renew: 1"
