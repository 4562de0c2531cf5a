"""Unsubscribing from subscription emails by link, mail program and settings page."""

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
from tests.notifications.sinks import note_type

pytestmark = pytest.mark.django_db
CATEGORIES = {"summary": EmailCategory.SUBSCRIBED, "lesson": EmailCategory.TRAINING, "link": EmailCategory.IMMEDIATE}


@pytest.fixture(autouse=True)
def kinds(monkeypatch, settings):
    settings.SITE_URL = "https://training.example.com"
    for name, category in CATEGORIES.items():
        monkeypatch.setitem(EMAIL_TYPES, name, replace(note_type(category), words=f"The {name}"))


def sent(mailoutbox, *kinds, to):
    for kind in kinds:
        queue_email(kind, to)
    deliver_due()
    return mailoutbox[-len(kinds) :]


def path_in(email):
    [address] = re.findall(r"https://training.example.com(/unsubscribe/\S+)", email.body)
    return address


def verbs():
    return list(Event.objects.filter(verb__endswith="subscribed").order_by("pk").values_list("verb", flat=True))


def test_only_subscription_emails_have_unsubscribe_link_and_header(mailoutbox):
    person = make_user(language="en")
    summary, lesson, link = sorted(
        sent(mailoutbox, *CATEGORIES, to=person), key=lambda each: "unsubscribe" not in each.body
    )
    address = f"https://training.example.com{path_in(summary)}"
    assert summary.extra_headers["List-Unsubscribe"] == f"<{address}>"
    assert summary.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"unsubscribe here:\n{address}\n" in summary.body
    for other in (lesson, link):
        assert "List-Unsubscribe" not in other.extra_headers
        assert "/unsubscribe/" not in other.body


def test_button_unsubscribes_once_and_opening_link_does_not(client, mailoutbox):
    person = make_user()
    [email] = sent(mailoutbox, "summary", to=person)
    assert "Unsubscribe" in client.get(path_in(email)).text
    assert EmailOptOut.objects.count() == 0
    for _ in range(2):
        assert "You are unsubscribed." in client.post(path_in(email)).text
    assert list(EmailOptOut.objects.values_list("person", "kind")) == [(person.pk, "summary")]
    assert verbs() == ["unsubscribed"]


def test_mail_program_unsubscribes_without_session(client, mailoutbox):
    [email] = sent(mailoutbox, "summary", to=make_user())
    client.handler.enforce_csrf_checks = True
    answer = client.post(path_in(email), {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, EmailOptOut.objects.count()) == (200, 1)


def test_only_unsubscribed_email_type_is_skipped(client, mailoutbox):
    person, other = make_user(), make_user()
    [email] = sent(mailoutbox, "summary", to=person)
    client.post(path_in(email))
    for recipient in (person, other):
        sent(mailoutbox, *CATEGORIES, to=recipient)
    found = OutgoingEmail.objects.order_by("pk").values_list("person", "kind", "state", "why")
    assert list(found)[1:] == [
        (person.pk, "summary", "skipped", "the recipient has unsubscribed from this type of email"),
        (person.pk, "lesson", "sent", ""),
        (person.pk, "link", "sent", ""),
        (other.pk, "summary", "sent", ""),
        (other.pk, "lesson", "sent", ""),
        (other.pk, "link", "sent", ""),
    ]


def test_invalid_unsubscribe_link_is_not_found(client, mailoutbox):
    from courseware.notifications.unsubscribe import SIGNER

    person = make_user()
    [email] = sent(mailoutbox, "summary", to=person)
    tokens = [SIGNER.sign_object([person.pk, "lesson"]), SIGNER.sign_object([0, "summary"]), SIGNER.sign_object("x")]
    for path in (
        f"{path_in(email)[:-2]}x/",
        *(reverse("notifications:unsubscribe", args=[token]) for token in tokens),
    ):
        assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]
    assert EmailOptOut.objects.count() == 0


def test_settings_page_toggles_subscriptions_only(client):
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
