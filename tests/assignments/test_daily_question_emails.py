"""The question of the day by letter: to whom it leaves, when not, and what its addresses do."""

import re
from datetime import UTC, datetime

import pytest
import time_machine

from courseware.assessment.daily.answers import DAILY_EMAIL, choose, preference_of
from courseware.assignments.emails import daily_question
from courseware.learning.models import Enrollment
from courseware.notifications.email.delivery import deliver_due
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.unsubscribe import unsubscribe_from
from tests.assessment.practice_sets import completed, give_daily
from tests.making import letters

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("letter_hours")]
TUESDAY, SATURDAY = (datetime(2030, 1, day, 1, tzinfo=UTC) for day in (8, 12))  # 9 in the morning in Shanghai


@pytest.fixture
def run():
    """Complete since a day; its learner wants letters."""
    run = completed()
    Enrollment.objects.filter(pk=run.pk).update(completed_at=datetime(2030, 1, 6, tzinfo=UTC))
    choose(run.learner, by_email=True, during_course=False)
    OutgoingEmail.objects.all().delete()  # that of the arrival
    return run


def written_at(at):
    with time_machine.travel(at, tick=False):
        daily_question.write_questions()
        return letters()


def test_it_leaves_to_who_wants_it_once_a_day_and_each_choice_is_an_address(run, client):
    with time_machine.travel(TUESDAY, tick=False):
        for _ in range(2):
            daily_question.write_questions()
        [letter] = letters()
        links = re.findall(r"/daily/\?\S+", letter.body)
        client.force_login(run.learner)
        chosen = [client.get(link).text.count('class="pick chosen"') for link in links]
    assert chosen == [1, 1, 1]
    assert "/unsubscribe/" in letter.body


def test_nobody_who_did_not_ask_who_has_stopped_it_or_answered_gets_one(run):
    choose(run.learner, by_email=False, during_course=False)
    assert written_at(TUESDAY) == []
    choose(run.learner, by_email=True, during_course=False)
    with time_machine.travel(TUESDAY, tick=False):
        daily_question.write_questions()
        give_daily(run.learner, TUESDAY)
        assert letters() == []
        assert OutgoingEmail.objects.get().why == daily_question.NOTHING_ASKED
    unsubscribe_from(run.learner, DAILY_EMAIL)
    assert not preference_of(run.learner).by_email
    choose(run.learner, by_email=True, during_course=False)
    assert preference_of(run.learner).by_email


def test_none_leaves_on_a_free_day_and_one_that_had_to_wait_a_day_is_over(run):
    assert written_at(SATURDAY) == []
    assert not OutgoingEmail.objects.exists()
    with time_machine.travel(TUESDAY, tick=False):
        daily_question.write_questions()
    with time_machine.travel(datetime(2030, 1, 9, 1, tzinfo=UTC), tick=False):
        deliver_due()
    assert OutgoingEmail.objects.get().why == daily_question.DAY_IS_OVER
