"""Letters about the training wait for who is away; all others leave."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.learning.postponing import change_away, mark_away
from courseware.lib import dates
from courseware.outbox.delivering import claimed, deliver_due
from courseware.outbox.kinds import MESSAGE_KINDS, LetterSort
from courseware.outbox.models import Message, MessageState
from courseware.outbox.telling import tell
from courseware.outbox.waiting import troubles
from tests.making import make_user
from tests.outbox.sinks import note_kind

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def reasons(monkeypatch):
    """Why a letter of either kind is not wanted any more."""
    said = []
    for name, sort in (("lesson", LetterSort.TRAINING), ("link", LetterSort.AT_ONCE)):
        monkeypatch.setitem(MESSAGE_KINDS, name, note_kind(sort, why_unwanted=lambda message: "".join(said)))
    return said


def away_until(person, days):
    return mark_away(person, dates.site_day(), dates.site_day() + days * DAY, by=None)


def sent(mailoutbox):
    """To whom, after all that is due has left."""
    deliver_due()
    return [address for letter in mailoutbox for address in letter.to]


def test_a_letter_about_the_training_waits_until_its_reader_is_back(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    away, here = make_user(email="away@example.com"), make_user(email="here@example.com")
    absence = away_until(away, 9)
    tell("lesson", away)
    tell("lesson", here)
    assert sent(mailoutbox) == ["here@example.com"]
    for _ in range(9):
        time_machine.shift(DAY)
        assert sent(mailoutbox) == ["here@example.com"]
    [waiting] = Message.objects.filter(person=away)
    assert (waiting.state, waiting.tries) == (MessageState.QUEUED, 0)
    assert waiting.why == f"the person is away until {absence.last_day}"
    time_machine.move_to(absence.ends_at, tick=False)
    assert sent(mailoutbox) == ["here@example.com", "away@example.com"]


def test_what_was_asked_for_or_is_about_safety_leaves_also_while_somebody_is_away(reasons, mailoutbox):
    person = make_user(email="away@example.com")
    away_until(person, 9)
    tell("link", person)
    assert sent(mailoutbox) == ["away@example.com"]


def test_who_comes_back_earlier_has_the_letter_within_a_day(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    person = make_user(email="away@example.com")
    absence = away_until(person, 30)
    tell("lesson", person)
    assert sent(mailoutbox) == []
    time_machine.shift(2 * DAY)
    assert sent(mailoutbox) == []
    change_away(absence, absence.first_day, dates.site_day() - DAY, by=None)
    time_machine.shift(DAY)
    assert sent(mailoutbox) == ["away@example.com"]


def test_a_letter_that_is_not_wanted_any_more_does_not_wait_for_anybody(reasons, mailoutbox):
    person = make_user()
    away_until(person, 9)
    message = tell("lesson", person)
    reasons.append("done meanwhile")
    assert sent(mailoutbox) == []
    message.refresh_from_db()
    assert (message.state, message.why) == (MessageState.SKIPPED, "done meanwhile")


def test_letters_that_wait_for_somebody_are_no_trouble_and_letters_nobody_sends_are(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    person = make_user()
    away_until(person, 9)
    tell("lesson", person)
    sent(mailoutbox)
    time_machine.shift(DAY / 2)
    assert troubles(timezone.now()) == []
    tell("link", person)
    time_machine.shift(DAY / 24)
    assert [trouble.words for trouble in troubles(timezone.now())] == ["the oldest has waited for 1\xa0hour"]


def test_letters_whose_morning_has_come_are_no_trouble_until_nobody_takes_them_up(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    person = make_user()
    away_until(person, 0)
    message = tell("lesson", person)
    sent(mailoutbox)
    message.refresh_from_db()
    time_machine.move_to(message.next_at + timedelta(minutes=5), tick=False)
    assert troubles(timezone.now()) == []
    claimed([message.pk])  # on its way out
    assert troubles(timezone.now()) == []
    time_machine.shift(timedelta(minutes=20))
    assert len(troubles(timezone.now())) == 1
