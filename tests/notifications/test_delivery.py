"""Delivery of emails to a real SMTP server, with and without failures."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from smtplib import SMTPDataError

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import OperationalError
from django.utils import timezone

from courseware.accounts.models import User
from courseware.jobs.schedule import JOBS
from courseware.learning.due_dates.absence_shifts import change_absence, record_absence
from courseware.lib import dates
from courseware.notifications.email import delivery
from courseware.notifications.email.delivery import claimed, deliver_due
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory, one_by_one
from courseware.notifications.email.health import troubles
from courseware.notifications.email.queue import queue_email
from courseware.notifications.email.smtp_connection import PermanentFailure, SmtpConnection, TemporaryFailure
from courseware.notifications.models import PAUSES, DeliveryState, OutgoingEmail
from tests.making import make_user
from tests.notifications.sinks import BUSY, DROPS, FULL, GOOD, HANGS, REFUSES, mail_sink, note_data, note_type, send_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def unwanted_reasons(monkeypatch):
    """Reasons why the email of these tests is no longer wanted."""
    reasons = []
    monkeypatch.setitem(EMAIL_TYPES, "note", note_type(why_unwanted=lambda message: "".join(reasons)))
    return reasons


@pytest.fixture
def sink(settings, unwanted_reasons):
    with mail_sink(settings) as sink:
        yield sink


def note(address="tea@example.com", **more):
    return queue_email("note", make_user(email=address), **more)


def deliver(*messages):
    return send_all([message.pk for message in messages])


def state(message):
    message.refresh_from_db()
    return message.state, message.why


def test_email_is_sent_once(sink):
    message = note()
    assert [deliver(message), deliver(message), delivery.deliver_due()] == [{"sent": 1}, {}, ""]
    assert sink.taken == [("tea@example.com", f"<{message.number}@127.0.0.1>")]
    assert state(message) == (DeliveryState.SENT, "")


def test_job_has_work_only_if_email_is_due(sink, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    assert not JOBS["send-emails"].has_work()
    sink.manner = BUSY
    message = note()
    assert JOBS["send-emails"].has_work()
    deliver(message)
    assert not JOBS["send-emails"].has_work()
    time_machine.move_to(now + timedelta(minutes=1), tick=False)
    assert JOBS["send-emails"].has_work()


def test_immediate_email_is_sent_before_next_round(sink, monkeypatch):
    monkeypatch.setattr(delivery, "IN_A_ROUND", 2)
    monkeypatch.setitem(EMAIL_TYPES, "lesson", replace(EMAIL_TYPES["note"], sort=EmailCategory.TRAINING))
    people = [make_user(email=f"tea{number}@example.com") for number in range(5)]
    for person in people:
        queue_email("lesson", person)
    asked = []

    def ask_meanwhile(message):
        if not asked:
            asked.append(note("asked@example.com"))
        return note_data(message)

    lesson = replace(EMAIL_TYPES["lesson"], context=one_by_one(ask_meanwhile))
    monkeypatch.setitem(EMAIL_TYPES, "lesson", lesson)
    assert delivery.deliver_due() == "sent 6"
    assert [address for address, _ in sink.taken][:3] == ["tea0@example.com", "tea1@example.com", "asked@example.com"]


def test_job_stops_at_time_limit_and_continues_next_time(sink, monkeypatch):
    note()
    monkeypatch.setattr(delivery, "AT_MOST", -1.0)
    assert (delivery.deliver_due(), sink.taken) == ("", [])
    monkeypatch.undo()
    assert JOBS["send-emails"].has_work()


def test_expired_claim_returns_email_untried(sink, monkeypatch):
    message = note()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "CLAIMED_FOR", timedelta(seconds=-1))
        assert deliver(message) == {"queued": 1}
    message.refresh_from_db()
    assert (message.tries, sink.taken) == (0, [])
    assert deliver(message) == {"sent": 1}


def test_killed_worker_loses_and_repeats_no_emails(sink, monkeypatch, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    messages = [note(f"tea{number}@example.com") for number in range(3)]
    original, asked = SmtpConnection.send, []

    def fail_at_second(self, *email):
        asked.append(email)
        if len(asked) == 2:
            raise KeyboardInterrupt
        original(self, *email)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SmtpConnection, "send", fail_at_second)
        deliver(*messages)
    assert [state(message)[0] for message in messages] == ["sent", "queued", "queued"]
    assert deliver(*messages) == {}, "claimed still"
    time_machine.move_to(now + delivery.CLAIMED_FOR, tick=False)
    assert delivery.deliver_due() == "sent 2"
    assert [address for address, _ in sink.taken] == [f"tea{number}@example.com" for number in range(3)]


def test_emails_share_one_connection(sink):
    assert deliver(*[note(f"tea{number}@example.com") for number in range(3)]) == {"sent": 3}
    assert (len(sink.taken), sink.connections) == (3, 1)


@pytest.mark.parametrize("manner, why", [(REFUSES, "550 5.1.1 no such mailbox"), (FULL, "552 5.3.4 too large")])
def test_rejected_email_is_not_retried(sink, manner, why):
    sink.manner = manner
    message = note("nobody@example.com")
    deliver(message)
    assert state(message) == (DeliveryState.REFUSED, why)
    assert delivery.deliver_due() == ""


def test_null_character_is_removed_from_reply(sink, monkeypatch):
    def refuses(email):
        raise SMTPDataError(554, b"no\0 thanks")

    monkeypatch.setattr(EmailMessage, "send", refuses)
    message = note()
    assert deliver(message) == {"refused": 1}
    assert state(message) == ("refused", "554 no thanks")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermanentFailure("550 5.1.1 li.na: unknown in the table of users"), "refused, 550"),
        (TemporaryFailure("450 4.2.1 the mailbox of li.na rests"), "later, 450"),
        (TemporaryFailure("SMTPServerDisconnected: while li.na was named"), "later, SMTPServerDisconnected"),
    ],
)
def test_log_omits_personal_part_of_server_reply(error, told, unwanted_reasons, monkeypatch, caplog):
    def refuse(*_letter):
        raise error

    monkeypatch.setattr(SmtpConnection, "send", refuse)
    message = note("li.na@example.com")
    deliver(message)
    assert state(message)[1] == str(error)
    assert caplog.messages == [f"email {message.pk}, note: {told}"]


@pytest.mark.parametrize("manner, why", [(BUSY, "450 4.2.0 come back later"), (HANGS, "timed out"), (DROPS, "closed")])
def test_deferred_email_is_sent_later(sink, manner, why, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    sink.manner = manner
    message = note()
    assert deliver(message) == {"queued": 1}
    assert state(message)[0] == DeliveryState.QUEUED and why in state(message)[1]
    assert deliver(message) == {}, "tried again before its time"
    sink.manner = GOOD
    sink.released.set()
    time_machine.move_to(now + timedelta(minutes=1), tick=False)
    assert delivery.deliver_due() == "sent 1"


def test_email_is_resent_with_same_message_id(sink, time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    sink.manner = DROPS
    message = note()
    deliver(message)
    sink.manner = GOOD
    time_machine.move_to(now + timedelta(minutes=1), tick=False)
    deliver(message)
    assert sink.taken == [("tea@example.com", f"<{message.number}@127.0.0.1>")] * 2


def test_email_fails_after_2_days_without_server(settings, unwanted_reasons, time_machine):
    settings.EMAIL_BACKEND = "courseware.notifications.email.smtp_backend.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    began = now = timezone.now()
    time_machine.move_to(now, tick=False)
    message, tries = note(), 0
    while state(message)[0] == DeliveryState.QUEUED:
        time_machine.move_to(now := message.next_at, tick=False)
        delivery.deliver_due()
        tries += 1
    assert (state(message)[0], tries) == (DeliveryState.GIVEN_UP, len(PAUSES) + 1)
    assert "refused" in message.why.lower()
    assert timedelta(days=1) < now - began < timedelta(days=3)


def test_unwanted_email_is_skipped_with_reason(sink, unwanted_reasons):
    message = note()
    unwanted_reasons.append("the person can no longer sign in")
    deliver(message)
    assert state(message) == (DeliveryState.SKIPPED, "the person can no longer sign in")
    assert sink.taken == []


def test_unknown_email_type_is_skipped(sink):
    message = note()
    OutgoingEmail.objects.update(kind="gone")
    deliver(message)
    assert state(message) == (DeliveryState.SKIPPED, "this version has no email type gone")


@pytest.mark.parametrize("number", [1, 3])
def test_each_further_email_takes_one_query(sink, number, django_assert_num_queries):
    messages = [note(f"tea{place}@example.com") for place in range(number)]
    keys = [message.pk for message in messages]
    # One query checks whether the server is known to be unreachable.
    with closing(SmtpConnection()) as connection, django_assert_num_queries(6 + number):
        delivery.sent(keys, connection)


@pytest.fixture
def broken(monkeypatch):
    """Callback of the email type → error that it raises for the first email."""
    errors = {}

    def asked(name):
        def answer(message):
            if message.address == "first@example.com" and (error := errors.get(name)):
                raise error
            return {"still_wanted": "", "context": {"name": "Ann", "what": "A note.", "detail": ""}}[name]

        return answer

    email_type = note_type(why_unwanted=asked("still_wanted"), context=asked("context"))
    monkeypatch.setitem(EMAIL_TYPES, "note", email_type)
    return errors


def two_emails():
    return [queue_email("note", make_user(email=address)) for address in ("first@example.com", "second@example.com")]


@pytest.mark.parametrize("asked", ["still_wanted", "context"])
@pytest.mark.parametrize("error", [ValueError("no such day"), KeyError("subjects"), User.DoesNotExist("gone")])
def test_email_that_cannot_be_rendered_fails_alone(broken, caplog, asked, error):
    broken[asked] = error
    messages = two_emails()
    assert delivery.deliver_due() == "given-up 1, sent 1"
    assert [state(message) for message in messages] == [
        (DeliveryState.GIVEN_UP, f"{type(error).__name__}: {error}"),
        (DeliveryState.SENT, ""),
    ]
    assert [email.to for email in mail.outbox] == [["second@example.com"]]
    assert f"email {messages[0].pk}, note could not be written" in caplog.text
    assert delivery.deliver_due() == ""


def test_email_with_two_line_address_fails_alone(broken):
    messages = two_emails()
    OutgoingEmail.objects.filter(pk=messages[0].pk).update(address="first@example.com\nBcc: all@example.com")
    delivery.deliver_due()
    assert [state(message)[0] for message in messages] == [DeliveryState.GIVEN_UP, DeliveryState.SENT]


def test_email_without_person_fails_alone(broken, monkeypatch):
    messages = two_emails()
    monkeypatch.setitem(EMAIL_TYPES, "note", note_type())
    OutgoingEmail.objects.filter(pk=messages[0].pk).update(person=None)
    delivery.deliver_due()
    assert [state(message)[0] for message in messages] == [DeliveryState.GIVEN_UP, DeliveryState.SENT]


def test_temporary_database_error_is_retried(broken):
    broken["context"] = OperationalError("deadlock detected")
    messages = two_emails()
    assert delivery.deliver_due() == "queued 1, sent 1"
    assert state(messages[0]) == (DeliveryState.QUEUED, "OperationalError")
    assert OutgoingEmail.objects.get(pk=messages[0].pk).tries == 1


DAY = timedelta(days=1)


@pytest.fixture
def reasons(monkeypatch):
    """Reasons why emails of both types are no longer wanted."""
    texts = []
    for name, category in (("lesson", EmailCategory.TRAINING), ("link", EmailCategory.IMMEDIATE)):
        monkeypatch.setitem(EMAIL_TYPES, name, note_type(category, why_unwanted=lambda message: "".join(texts)))
    return texts


def away_until(person, days):
    return record_absence(person, dates.site_day(), dates.site_day() + days * DAY, by=None)


def sent(mailoutbox):
    """Send due emails; return the recipients of all emails so far."""
    deliver_due()
    return [address for email in mailoutbox for address in email.to]


def test_training_email_waits_until_absence_ends(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    away, here = make_user(email="away@example.com"), make_user(email="here@example.com")
    absence = away_until(away, 9)
    queue_email("lesson", away)
    queue_email("lesson", here)
    assert sent(mailoutbox) == ["here@example.com"]
    for _ in range(9):
        time_machine.shift(DAY)
        assert sent(mailoutbox) == ["here@example.com"]
    [waiting] = OutgoingEmail.objects.filter(person=away)
    assert (waiting.state, waiting.tries) == (DeliveryState.QUEUED, 0)
    assert waiting.why == f"the person is away until {absence.last_day}"
    time_machine.move_to(absence.ends_at, tick=False)
    assert sent(mailoutbox) == ["here@example.com", "away@example.com"]


def test_immediate_email_is_sent_during_absence(reasons, mailoutbox):
    person = make_user(email="away@example.com")
    away_until(person, 9)
    queue_email("link", person)
    assert sent(mailoutbox) == ["away@example.com"]


def test_email_is_sent_within_a_day_of_shortened_absence(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    person = make_user(email="away@example.com")
    absence = away_until(person, 30)
    queue_email("lesson", person)
    assert sent(mailoutbox) == []
    time_machine.shift(2 * DAY)
    assert sent(mailoutbox) == []
    change_absence(absence, absence.first_day, dates.site_day() - DAY, by=None)
    time_machine.shift(DAY)
    assert sent(mailoutbox) == ["away@example.com"]


def test_unwanted_email_is_skipped_during_absence(reasons, mailoutbox):
    person = make_user()
    away_until(person, 9)
    message = queue_email("lesson", person)
    reasons.append("done in the meantime")
    assert sent(mailoutbox) == []
    message.refresh_from_db()
    assert (message.state, message.why) == (DeliveryState.SKIPPED, "done in the meantime")


def test_warning_ignores_emails_to_absent_people(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    person = make_user()
    away_until(person, 9)
    queue_email("lesson", person)
    sent(mailoutbox)
    time_machine.shift(DAY / 2)
    assert troubles(timezone.now()) == []
    queue_email("link", person)
    time_machine.shift(DAY / 24)
    assert [trouble.words for trouble in troubles(timezone.now())] == ["the oldest email has waited for 1\xa0hour"]


def test_warning_appears_20_minutes_after_absence_ends(reasons, mailoutbox, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    person = make_user()
    away_until(person, 0)
    message = queue_email("lesson", person)
    sent(mailoutbox)
    message.refresh_from_db()
    time_machine.move_to(message.next_at + timedelta(minutes=5), tick=False)
    assert troubles(timezone.now()) == []
    claimed([message.pk])  # on its way out
    assert troubles(timezone.now()) == []
    time_machine.shift(timedelta(minutes=20))
    assert len(troubles(timezone.now())) == 1
