"""Email with the daily question: recipients, days and answer links."""

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
from tests.making import sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours")]
TUESDAY, SATURDAY = (datetime(2030, 1, day, 1, tzinfo=UTC) for day in (8, 12))  # 9 in the morning in Shanghai


@pytest.fixture
def enrollment():
    """Completed; the learner wants the daily email."""
    enrollment = completed()
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=datetime(2030, 1, 6, tzinfo=UTC))
    choose(enrollment.learner, by_email=True, during_course=False)
    OutgoingEmail.objects.all().delete()  # the completion email
    return enrollment


def written_at(at):
    with time_machine.travel(at, tick=False):
        daily_question.write_questions()
        return sent_emails()


def test_question_is_sent_once_a_day_with_answer_links(enrollment, client):
    with time_machine.travel(TUESDAY, tick=False):
        for _ in range(2):
            daily_question.write_questions()
        [email] = sent_emails()
        links = re.findall(r"/daily/\?\S+", email.body)
        client.force_login(enrollment.learner)
        chosen = [client.get(link).text.count('class="pick chosen"') for link in links]
    assert chosen == [1, 1, 1]
    assert "/unsubscribe/" in email.body


def test_question_is_not_sent_if_unwanted_or_answered(enrollment):
    choose(enrollment.learner, by_email=False, during_course=False)
    assert written_at(TUESDAY) == []
    choose(enrollment.learner, by_email=True, during_course=False)
    with time_machine.travel(TUESDAY, tick=False):
        daily_question.write_questions()
        give_daily(enrollment.learner, TUESDAY)
        assert sent_emails() == []
        assert OutgoingEmail.objects.get().why == daily_question.NOTHING_ASKED
    unsubscribe_from(enrollment.learner, DAILY_EMAIL)
    assert not preference_of(enrollment.learner).by_email
    choose(enrollment.learner, by_email=True, during_course=False)
    assert preference_of(enrollment.learner).by_email


def test_question_is_not_sent_on_days_off_or_late(enrollment):
    assert written_at(SATURDAY) == []
    assert not OutgoingEmail.objects.exists()
    with time_machine.travel(TUESDAY, tick=False):
        daily_question.write_questions()
    with time_machine.travel(datetime(2030, 1, 9, 1, tzinfo=UTC), tick=False):
        deliver_due()
    assert OutgoingEmail.objects.get().why == daily_question.DAY_IS_OVER
