"""Bounce reports in the formats of several mail servers, and mail that is no report."""

import io
import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from courseware.notifications.email import health
from courseware.notifications.email.bounces import LONGEST, REASON_AT_MOST
from courseware.notifications.email.queue import queue_email
from courseware.notifications.management.commands import process_bounce
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.making import make_user, sent_emails

pytestmark = pytest.mark.django_db
REPORTS = Path(__file__).with_name("reports")
FAILED = {
    "postfix": "5.1.1 550 5.1.1 <ming.li@example.com>: Recipient address rejected: User unknown in virtual "
    "mailbox table",
    "exim": "5.0.0 550 5.2.1 mailbox is disabled",
    "exim_gives_up": "5.0.0",
    "exchange_online": "5.1.10 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient zhao@example.com not found by SMTP "
    "address lookup",
    "exchange_server": "5.2.2 554 5.2.2 mailbox full; "
    "STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
    "gmail": "5.1.1 550-5.1.1 The email account that you tried to reach does not exist. For more information, go to "
    "550 5.1.1 https://support.example.com/mail/?p=NoSuchUser",
}
OTHERS = ["postfix_delayed", "delivered", "out_of_office", "read_receipt", "forwarded"]
REPORT = b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n%s\n--x--\n"
DEEP = b"".join(b"Content-Type: multipart/report; boundary=%d\n\n--%d\n" % (n, n) for n in range(5000))


@pytest.fixture
def sent():
    """A sent email, next to another one without a report."""
    for _ in range(2):
        queue_email("invitation", make_user())
    sent_emails()
    _other, message = OutgoingEmail.objects.order_by("pk")
    return message


def mail(name, message):
    return (REPORTS / f"{name}.eml").read_bytes().replace(b"NUMBER", str(message.number).encode())


def receive(text, monkeypatch):
    monkeypatch.setattr(process_bounce.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    out = io.StringIO()
    call_command("process_bounce", stdout=out)
    return out.getvalue().strip()


def states():
    return sorted(OutgoingEmail.objects.values_list("state", flat=True))


def test_all_sample_files_are_used():
    assert {path.stem for path in REPORTS.glob("*.eml")} == {*FAILED, *OTHERS}


@pytest.mark.parametrize("name", FAILED)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_failure_report_marks_email_as_bounced_once(sent, monkeypatch, name, line_end):
    text = mail(name, sent).replace(b"\n", line_end)
    ended_at = OutgoingEmail.objects.get(pk=sent.pk).ended_at
    assert receive(text, monkeypatch) == f"bounced: {FAILED[name]}"
    sent.refresh_from_db()
    assert (sent.state, sent.why, sent.ended_at) == (DeliveryState.BOUNCED, FAILED[name], ended_at)
    assert states() == ["bounced", "sent"]
    assert receive(text, monkeypatch) == "a report about no email of the last 14 days; nothing was changed"
    assert states() == ["bounced", "sent"]


@pytest.mark.parametrize("name", OTHERS)
def test_other_mail_changes_nothing(sent, monkeypatch, name):
    assert receive(mail(name, sent), monkeypatch).endswith("nothing was changed")
    assert states() == ["sent", "sent"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0" * 1000,
        b"Content-Type: multipart/report; report-type=delivery-status\n\nno part\n",
        REPORT % b"",
        REPORT % b"Action\n",
        REPORT % b"Action:\n",
        DEEP,
        REPORT % (b"Action: failed\n\n--x\nContent-Type: text/rfc822-headers\n\n" + DEEP),
        b"Content-Type: multipart/report; boundary=x\n" + b"--x\n" * LONGEST,
    ],
    ids=["nothing", "NUL", "no part", "empty", "no field", "no value", "deep", "deep in a head", "many"],
)
def test_malformed_mail_changes_nothing(sent, monkeypatch, text):
    assert receive(text, monkeypatch).endswith("nothing was changed")
    assert states() == ["sent", "sent"]


def test_long_report_is_recognized_and_read_to_end(sent, monkeypatch):
    pipe = io.BytesIO(mail("postfix", sent) + b"x" * LONGEST * 2)
    monkeypatch.setattr(process_bounce.sys, "stdin", SimpleNamespace(buffer=pipe))
    call_command("process_bounce", stdout=io.StringIO())
    assert (states(), pipe.read()) == (["bounced", "sent"], b"")


def test_reason_is_short_and_printable(sent, monkeypatch):
    reply = b"550 \x1b[31m\xe2\x80\xae" + b"no such user " * 100
    receive(mail("exim", sent).replace(b"550 5.2.1 mailbox is disabled", reply), monkeypatch)
    sent.refresh_from_db()
    assert sent.state == DeliveryState.BOUNCED
    assert len(sent.why) == REASON_AT_MOST and sent.why.isprintable()


@pytest.mark.parametrize("state", [state for state in DeliveryState if state != DeliveryState.SENT])
def test_only_sent_emails_can_bounce(sent, monkeypatch, state):
    OutgoingEmail.objects.filter(pk=sent.pk).update(state=state, why="as it was")
    receive(mail("postfix", sent), monkeypatch)
    sent.refresh_from_db()
    assert (sent.state, sent.why) == (state, "as it was")


@pytest.mark.parametrize("days, expected", [(13, "bounced"), (15, "sent")])
def test_report_is_accepted_for_2_weeks(sent, monkeypatch, days, expected):
    OutgoingEmail.objects.update(ended_at=timezone.now() - timedelta(days=days))
    receive(mail("postfix", sent), monkeypatch)
    sent.refresh_from_db()
    assert sent.state == expected


def test_database_error_asks_mail_server_to_retry(monkeypatch):
    def away(mail):
        raise OperationalError("no connection")

    monkeypatch.setattr(process_bounce, "process_bounce", away)
    monkeypatch.setattr(process_bounce.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(SystemExit) as ended:
        call_command("process_bounce", stderr=io.StringIO())
    assert ended.value.code == os.EX_TEMPFAIL


def test_bounce_address_is_envelope_sender_only(sent, settings):
    settings.DEFAULT_FROM_EMAIL = "Training <training@example.com>"
    queue_email("invitation", make_user())
    settings.BOUNCE_ADDRESS = "bounces@training.example.com"
    assert [(email.from_email, email.message()["From"]) for email in sent_emails()[-1:]] == [
        ("bounces@training.example.com", "Training <training@example.com>")
    ]
    settings.BOUNCE_ADDRESS = ""
    queue_email("invitation", make_user())
    assert sent_emails()[-1].from_email == "Training <training@example.com>"


# Consequences ---------------------------------------------------------------------------------------------------------


def warnings():
    return [str(warning.words) for warning in health.troubles(timezone.now())]


def mark_bounced(*messages):
    OutgoingEmail.objects.filter(pk__in=[message.pk for message in messages]).update(state=DeliveryState.BOUNCED)


def test_bounce_warning_ends_with_new_address_or_delivered_email(sent):
    person = sent.person
    assert warnings() == []
    mark_bounced(*OutgoingEmail.objects.all())
    assert warnings() == ["emails to 2 people are returned as undeliverable"]
    person.email = "mended@example.com"
    person.save()
    assert warnings() == ["emails to 1 person are returned as undeliverable"]
    other = OutgoingEmail.objects.exclude(person=person).get().person
    queue_email("invitation", other)
    assert warnings() == ["emails to 1 person are returned as undeliverable"], "it has not left yet"
    sent_emails()
    assert warnings() == []
    mark_bounced(OutgoingEmail.objects.latest("pk"))
    assert warnings() == ["emails to 1 person are returned as undeliverable"]
    other.is_active = False
    other.save()
    assert warnings() == []


def test_bounce_does_not_stop_later_emails(sent):
    mark_bounced(sent)
    queue_email("account-notice", sent.person, data={"what": "password-set", "detail": ""})
    queue_email("invitation", sent.person)
    sent_emails()
    assert list(OutgoingEmail.objects.of(sent.person).values_list("state", flat=True)) == ["sent", "sent", "bounced"]


def test_unknown_address_gets_no_email_on_day_of_bounce(settings):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    for _ in range(2):
        queue_email("no-account", None, address="nobody@example.com", language="en")
        sent_emails()
        mark_bounced(OutgoingEmail.objects.order_by("pk")[0])
    assert list(OutgoingEmail.objects.order_by("pk").values_list("state", flat=True)) == ["bounced", "skipped"]


@pytest.mark.parametrize("number", [1, 3])
def test_warnings_take_3_queries_for_any_number_of_emails(number, django_assert_num_queries):
    for _ in range(number):
        queue_email("invitation", make_user())
    sent_emails()
    mark_bounced(*OutgoingEmail.objects.all())
    with django_assert_num_queries(3):
        assert len(warnings()) == 1
