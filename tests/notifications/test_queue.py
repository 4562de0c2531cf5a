"""Queueing emails in the transaction of their cause."""

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from courseware.notifications.email.delivery import claimed
from courseware.notifications.email.email_types import EMAIL_TYPES
from courseware.notifications.email.queue import queue_email, queue_emails
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.making import make_user, sent_emails
from tests.notifications.sinks import note_type, send_all

pytestmark = pytest.mark.django_db


def test_queued_email_stores_recipient_and_enqueues_delivery():
    person = make_user(language="en")
    queue_email("invitation", person)
    message = OutgoingEmail.objects.get()
    assert (message.kind, message.person, message.address, message.language, message.data, message.state) == (
        "invitation", person, person.email, "en", {}, DeliveryState.QUEUED,
    )  # fmt: skip
    assert [(row.task_name, row.queue_name) for row in DBTaskResult.objects.all()] == [("deliver", "delivery")]


def test_rollback_removes_queued_email():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue_email("invitation", make_user())
        raise ZeroDivisionError
    assert not OutgoingEmail.objects.exists()
    assert sent_emails() == []


def test_same_key_queues_one_email():
    person = make_user()
    first = queue_email("invitation", person, key="the-first-letter")
    assert queue_email("invitation", person, key="the-first-letter") == first
    assert queue_email("invitation", make_user(), key="another") != first
    assert queue_email("invitation", person) != queue_email("invitation", person)
    assert len(sent_emails()) == 4


def test_unknown_email_type_is_an_error():
    with pytest.raises(LookupError, match="birthday"):
        queue_email("birthday", make_user())


@pytest.mark.parametrize("kind", sorted(EMAIL_TYPES))
def test_every_email_type_has_template_and_translated_label(kind):
    from django.template.loader import get_template
    from django.utils import translation

    get_template(EMAIL_TYPES[kind].template)
    with translation.override("zh-hans"):
        chinese = str(EMAIL_TYPES[kind].words)
    assert chinese != str(EMAIL_TYPES[kind].words)


@pytest.fixture(autouse=True)
def two_kinds(monkeypatch):
    for name in ("try", "other"):
        monkeypatch.setitem(EMAIL_TYPES, name, note_type())


def queued():
    return [(each.kind, each.person_id, each.data) for each in OutgoingEmail.objects.order_by("pk")]


def test_subjects_of_one_person_share_one_email():
    one, other = make_user(language="en"), make_user(language="zh-hans")
    queue_emails("try", {one: [1, 2], other: [3]}, data={"by": 7})
    queue_emails("try", {one: [4]}, data={"by": 8})
    assert queued() == [
        ("try", one.pk, {"by": 7, "subjects": [1, 2, 4]}),
        ("try", other.pk, {"by": 7, "subjects": [3]}),
    ]
    assert list(OutgoingEmail.objects.order_by("pk").values_list("address", "language")) == [
        (one.email, "en"),
        (other.email, "zh-hans"),
    ]


def test_only_waiting_email_of_same_type_takes_subjects():
    one = make_user()
    queue_emails("try", {one: [1]})
    claimed([OutgoingEmail.objects.get().pk])
    queue_emails("try", {one: [2]})
    queue_emails("other", {one: [3]})
    queue_emails("try", {one: [4]})
    assert [data["subjects"] for _, _, data in queued()] == [[1], [2, 4], [3]]
    send_all(OutgoingEmail.objects.values_list("pk", flat=True))
    queue_emails("try", {one: [5]})
    assert [data["subjects"] for _, _, data in queued()] == [[1], [2, 4], [3], [5]]


@pytest.mark.parametrize("people", [1, 3])
def test_queueing_takes_same_queries_for_1_and_3_people(people, django_assert_num_queries):
    everybody = [make_user() for _ in range(people)]
    with django_assert_num_queries(3):  # waiting emails, new emails, the task
        queue_emails("try", {person: [1] for person in everybody})
    with django_assert_num_queries(2):
        queue_emails("try", {person: [2] for person in everybody})
