"""Several subjects for a person are one message, for as long as nobody has begun to send it."""

import pytest

from courseware.outbox.delivering import claimed
from courseware.outbox.kinds import MESSAGE_KINDS, MessageKind, one_by_one
from courseware.outbox.models import Message
from courseware.outbox.telling import tell_together
from tests.making import make_user
from tests.outbox.sinks import send_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    plain = MessageKind(
        "Try",
        "accounts/mail/no_account.txt",
        one_by_one(lambda message: ""),
        one_by_one(lambda message: {"address": message.address}),
    )
    monkeypatch.setitem(MESSAGE_KINDS, "try", plain)
    monkeypatch.setitem(MESSAGE_KINDS, "other", plain)


def told():
    return [(each.kind, each.person_id, each.data) for each in Message.objects.order_by("pk")]


def test_each_person_has_one_message_with_all_subjects():
    one, other = make_user(language="en"), make_user(language="zh-hans")
    tell_together("try", {one: [1, 2], other: [3]}, data={"by": 7})
    tell_together("try", {one: [4]}, data={"by": 8})
    assert told() == [
        ("try", one.pk, {"by": 7, "subjects": [1, 2, 4]}),
        ("try", other.pk, {"by": 7, "subjects": [3]}),
    ]
    assert list(Message.objects.order_by("pk").values_list("address", "language")) == [
        (one.email, "en"),
        (other.email, "zh-hans"),
    ]


def test_what_is_being_sent_was_sent_or_is_of_another_kind_takes_nothing_in():
    one = make_user()
    tell_together("try", {one: [1]})
    claimed([Message.objects.get().pk])
    tell_together("try", {one: [2]})
    tell_together("other", {one: [3]})
    tell_together("try", {one: [4]})
    assert [data["subjects"] for _, _, data in told()] == [[1], [2, 4], [3]]
    send_all(Message.objects.values_list("pk", flat=True))
    tell_together("try", {one: [5]})
    assert [data["subjects"] for _, _, data in told()] == [[1], [2, 4], [3], [5]]


def test_a_letter_nobody_has_named_is_refused():
    with pytest.raises(LookupError, match="no room has named the letter nothing"):
        tell_together("nothing", {make_user(): [1]})


@pytest.mark.parametrize("people", [1, 3])
def test_a_number_of_statements_that_does_not_grow_with_the_people(people, django_assert_num_queries):
    everybody = [make_user() for _ in range(people)]
    with django_assert_num_queries(3):  # who has one waiting, the new ones, the work to send them
        tell_together("try", {person: [1] for person in everybody})
    with django_assert_num_queries(2):
        tell_together("try", {person: [2] for person in everybody})
