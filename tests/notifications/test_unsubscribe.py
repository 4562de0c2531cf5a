"""What is subscribed to or by office is stopped by one press in the letter; what is about the training is not."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse

from courseware.audit_log.models import Event
from courseware.notifications.email.delivery import deliver_due
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import EmailOptOut, OutgoingEmail
from tests.making import make_user
from tests.notifications.sinks import note_kind

pytestmark = pytest.mark.django_db
SORTS = {"summary": EmailCategory.SUBSCRIBED, "lesson": EmailCategory.TRAINING, "link": EmailCategory.IMMEDIATE}


@pytest.fixture(autouse=True)
def kinds(monkeypatch, settings):
    settings.SITE_URL = "https://training.example.com"
    for name, sort in SORTS.items():
        monkeypatch.setitem(EMAIL_TYPES, name, replace(note_kind(sort), words=f"The {name}"))


def sent(mailoutbox, *kinds, to):
    for kind in kinds:
        queue_email(kind, to)
    deliver_due()
    return mailoutbox[-len(kinds) :]


def path_in(letter):
    [address] = re.findall(r"https://training.example.com(/unsubscribe/\S+)", letter.body)
    return address


def verbs():
    return list(Event.objects.filter(verb__endswith="subscribed").order_by("pk").values_list("verb", flat=True))


def test_such_a_letter_names_the_address_in_its_text_and_for_mail_programs_and_no_other_letter_does(mailoutbox):
    person = make_user(language="en")
    summary, lesson, link = sorted(sent(mailoutbox, *SORTS, to=person), key=lambda each: "unsubscribe" not in each.body)
    address = f"https://training.example.com{path_in(summary)}"
    assert summary.extra_headers["List-Unsubscribe"] == f"<{address}>"
    assert summary.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"Unsubscribe here:\n{address}\n" in summary.body
    for other in (lesson, link):
        assert "List-Unsubscribe" not in other.extra_headers
        assert "/unsubscribe/" not in other.body


def test_looking_at_the_address_stops_nothing_and_the_button_does_so_once(client, mailoutbox):
    person = make_user()
    [letter] = sent(mailoutbox, "summary", to=person)
    assert "Unsubscribe" in client.get(path_in(letter)).text
    assert EmailOptOut.objects.count() == 0
    for _ in range(2):
        assert "You are unsubscribed." in client.post(path_in(letter)).text
    assert list(EmailOptOut.objects.values_list("person", "kind")) == [(person.pk, "summary")]
    assert verbs() == ["unsubscribed"]


def test_a_mail_program_presses_it_without_a_session(client, mailoutbox):
    [letter] = sent(mailoutbox, "summary", to=make_user())
    client.handler.enforce_csrf_checks = True
    answer = client.post(path_in(letter), {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, EmailOptOut.objects.count()) == (200, 1)


def test_what_was_stopped_says_so_and_all_else_leaves_to_the_same_and_to_others(client, mailoutbox):
    person, other = make_user(), make_user()
    [letter] = sent(mailoutbox, "summary", to=person)
    client.post(path_in(letter))
    for reader in (person, other):
        sent(mailoutbox, *SORTS, to=reader)
    found = OutgoingEmail.objects.order_by("pk").values_list("person", "kind", "state", "why")
    assert list(found)[1:] == [
        (person.pk, "summary", "skipped", "the person has unsubscribed from this type of email"),
        (person.pk, "lesson", "sent", ""),
        (person.pk, "link", "sent", ""),
        (other.pk, "summary", "sent", ""),
        (other.pk, "lesson", "sent", ""),
        (other.pk, "link", "sent", ""),
    ]


def test_an_address_that_was_changed_or_is_of_a_kind_that_cannot_be_stopped_leads_nowhere(client, mailoutbox):
    from courseware.notifications.unsubscribe import SIGNER

    person = make_user()
    [letter] = sent(mailoutbox, "summary", to=person)
    tokens = [SIGNER.sign_object([person.pk, "lesson"]), SIGNER.sign_object([0, "summary"]), SIGNER.sign_object("x")]
    for path in (
        f"{path_in(letter)[:-2]}x/",
        *(reverse("notifications:unsubscribe", args=[token]) for token in tokens),
    ):
        assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]
    assert EmailOptOut.objects.count() == 0


def test_the_own_page_stops_them_turns_them_on_again_and_says_what_cannot_be_stopped(client):
    person = make_user()
    client.force_login(person)
    page = client.get("/email-settings/").text
    assert "The summary" in page.partition("About your training")[0]
    assert "The lesson" in page.partition("About your training")[2]
    assert "The link" not in page
    for what in ("stop", "stop", "go_on", "go_on"):
        assert client.post("/email-settings/", {"kind": "summary", what: ""}).status_code == 302
    assert (EmailOptOut.objects.count(), verbs()) == (0, ["unsubscribed", "resubscribed"])
    for kind in ("lesson", "no such", ""):
        client.post("/email-settings/", {"kind": kind, "stop": ""})
    assert EmailOptOut.objects.count() == 0
