"""A message is a row of the transaction of its fact."""

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from courseware.outbox.kinds import MESSAGE_KINDS
from courseware.outbox.models import Message, MessageState
from courseware.outbox.telling import tell
from tests.making import letters, make_user

pytestmark = pytest.mark.django_db
NOTICE = {"what": "password-set", "detail": ""}


def test_a_message_waits_with_all_that_it_takes_and_without_a_link():
    person = make_user(language="en")
    tell("invitation", person)
    message = Message.objects.get()
    assert (message.kind, message.person, message.address, message.language, message.data, message.state) == (
        "invitation", person, person.email, "en", {}, MessageState.QUEUED,
    )  # fmt: skip
    assert [(row.task_name, row.queue_name) for row in DBTaskResult.objects.all()] == [("deliver", "delivery")]


def test_what_was_told_in_a_transaction_that_failed_never_leaves():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell("invitation", make_user())
        raise ZeroDivisionError
    assert not Message.objects.exists()
    assert letters() == []


def test_what_is_told_once_is_told_once():
    person = make_user()
    first = tell("invitation", person, key="the-first-letter")
    assert tell("invitation", person, key="the-first-letter") == first
    assert tell("invitation", make_user(), key="another") != first
    assert tell("invitation", person) != tell("invitation", person)
    assert len(letters()) == 4


def test_a_letter_that_no_room_has_named_is_a_mistake_of_whoever_tells_it():
    with pytest.raises(LookupError, match="birthday"):
        tell("birthday", make_user())


@pytest.mark.parametrize("kind", sorted(MESSAGE_KINDS))
def test_every_letter_has_its_words_in_both_languages(kind):
    from django.template.loader import get_template
    from django.utils import translation

    get_template(MESSAGE_KINDS[kind].template)
    with translation.override("zh-hans"):
        chinese = str(MESSAGE_KINDS[kind].words)
    assert chinese != str(MESSAGE_KINDS[kind].words)
