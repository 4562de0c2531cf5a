"""A letter that cannot be written is given up, with the reason; the others leave."""

import pytest
from django.core import mail
from django.db import OperationalError

from courseware.accounts.models import User
from courseware.outbox import delivering
from courseware.outbox.kinds import MESSAGE_KINDS
from courseware.outbox.models import Message, MessageState
from courseware.outbox.telling import tell
from tests.making import make_user
from tests.outbox.sinks import note_kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(monkeypatch):
    """What is asked for the first letter → the error that it ends in."""
    errors = {}

    def asked(name):
        def answer(message):
            if message.address == "first@example.com" and (error := errors.get(name)):
                raise error
            return {"still_wanted": "", "context": {"name": "Ann", "what": "A note.", "detail": ""}}[name]

        return answer

    kind = note_kind(why_unwanted=asked("still_wanted"), context=asked("context"))
    monkeypatch.setitem(MESSAGE_KINDS, "note", kind)
    return errors


def two_letters():
    return [tell("note", make_user(email=address)) for address in ("first@example.com", "second@example.com")]


def states(messages):
    found = Message.objects.in_bulk([each.pk for each in messages])
    return [(found[each.pk].state, found[each.pk].why) for each in messages]


@pytest.mark.parametrize("asked", ["still_wanted", "context"])
@pytest.mark.parametrize("error", [ValueError("no such day"), KeyError("subjects"), User.DoesNotExist("gone")])
def test_it_is_given_up_with_the_reason_and_the_next_leaves(broken, caplog, asked, error):
    broken[asked] = error
    messages = two_letters()
    assert delivering.deliver_due() == "given-up 1, sent 1"
    assert states(messages) == [
        (MessageState.GIVEN_UP, f"{type(error).__name__}: {error}"),
        (MessageState.SENT, ""),
    ]
    assert [letter.to for letter in mail.outbox] == [["second@example.com"]]
    assert f"letter {messages[0].pk}, note could not be written" in caplog.text
    assert delivering.deliver_due() == ""


def test_an_address_of_two_lines_stops_no_other_letter(broken):
    messages = two_letters()
    Message.objects.filter(pk=messages[0].pk).update(address="first@example.com\nBcc: all@example.com")
    delivering.deliver_due()
    assert [state for state, _why in states(messages)] == [MessageState.GIVEN_UP, MessageState.SENT]


def test_nobody_is_found_behind_the_letter_and_the_next_leaves(broken, monkeypatch):
    messages = two_letters()
    monkeypatch.setitem(MESSAGE_KINDS, "note", note_kind())
    Message.objects.filter(pk=messages[0].pk).update(person=None)
    delivering.deliver_due()
    assert [state for state, _why in states(messages)] == [MessageState.GIVEN_UP, MessageState.SENT]


def test_what_the_database_refuses_for_a_while_is_tried_again(broken):
    broken["context"] = OperationalError("deadlock detected")
    messages = two_letters()
    assert delivering.deliver_due() == "queued 1, sent 1"
    assert states(messages)[0] == (MessageState.QUEUED, "OperationalError")
    assert Message.objects.get(pk=messages[0].pk).tries == 1
