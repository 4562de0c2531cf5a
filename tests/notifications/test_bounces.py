"""Letters that come back: reports in the shapes of the mail servers that write them, and mail that is no report."""

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
from tests.making import letters, make_user

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
    """A letter that was sent, beside one that nobody reports on."""
    for _ in range(2):
        queue_email("invitation", make_user())
    letters()
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


def test_every_sample_is_tried():
    assert {path.stem for path in REPORTS.glob("*.eml")} == {*FAILED, *OTHERS}


@pytest.mark.parametrize("name", FAILED)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_report_that_a_letter_failed_is_noted_with_its_reason_and_the_same_again_changes_nothing(
    sent, monkeypatch, name, line_end
):
    text = mail(name, sent).replace(b"\n", line_end)
    left = OutgoingEmail.objects.get(pk=sent.pk).ended_at
    assert receive(text, monkeypatch) == f"bounced: {FAILED[name]}"
    sent.refresh_from_db()
    assert (sent.state, sent.why, sent.ended_at) == (DeliveryState.BOUNCED, FAILED[name], left)
    assert states() == ["bounced", "sent"]
    assert receive(text, monkeypatch) == "a report about no email of the last 14 days; nothing was changed"
    assert states() == ["bounced", "sent"]


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_mail_about_a_letter_changes_nothing(sent, monkeypatch, name):
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
def test_what_is_broken_or_meant_to_break_is_no_report(sent, monkeypatch, text):
    assert receive(text, monkeypatch).endswith("nothing was changed")
    assert states() == ["sent", "sent"]


def test_a_report_is_read_though_the_letter_behind_it_is_long_and_the_pipe_is_read_to_its_end(sent, monkeypatch):
    pipe = io.BytesIO(mail("postfix", sent) + b"x" * LONGEST * 2)
    monkeypatch.setattr(process_bounce.sys, "stdin", SimpleNamespace(buffer=pipe))
    call_command("process_bounce", stdout=io.StringIO())
    assert (states(), pipe.read()) == (["bounced", "sent"], b"")


def test_the_reason_is_one_short_line_without_anything_that_cannot_be_printed(sent, monkeypatch):
    said = b"550 \x1b[31m\xe2\x80\xae" + b"no such user " * 100
    receive(mail("exim", sent).replace(b"550 5.2.1 mailbox is disabled", said), monkeypatch)
    sent.refresh_from_db()
    assert sent.state == DeliveryState.BOUNCED
    assert len(sent.why) == REASON_AT_MOST and sent.why.isprintable()


@pytest.mark.parametrize("state", [state for state in DeliveryState if state != DeliveryState.SENT])
def test_only_what_was_sent_can_come_back(sent, monkeypatch, state):
    OutgoingEmail.objects.filter(pk=sent.pk).update(state=state, why="as it was")
    receive(mail("postfix", sent), monkeypatch)
    sent.refresh_from_db()
    assert (sent.state, sent.why) == (state, "as it was")


@pytest.mark.parametrize("days, expected", [(13, "bounced"), (15, "sent")])
def test_a_report_is_taken_for_two_weeks(sent, monkeypatch, days, expected):
    OutgoingEmail.objects.update(ended_at=timezone.now() - timedelta(days=days))
    receive(mail("postfix", sent), monkeypatch)
    sent.refresh_from_db()
    assert sent.state == expected


def test_while_the_database_is_away_the_mail_server_is_asked_to_come_again(monkeypatch):
    def away(mail):
        raise OperationalError("no connection")

    monkeypatch.setattr(process_bounce, "process_bounce", away)
    monkeypatch.setattr(process_bounce.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(SystemExit) as ended:
        call_command("process_bounce", stderr=io.StringIO())
    assert ended.value.code == os.EX_TEMPFAIL


def test_the_envelope_names_who_takes_reports_and_the_letter_who_has_written(sent, settings):
    settings.DEFAULT_FROM_EMAIL = "Training <training@example.com>"
    queue_email("invitation", make_user())
    settings.BOUNCE_ADDRESS = "bounces@training.example.com"
    assert [(letter.from_email, letter.message()["From"]) for letter in letters()[-1:]] == [
        ("bounces@training.example.com", "Training <training@example.com>")
    ]
    settings.BOUNCE_ADDRESS = ""
    queue_email("invitation", make_user())
    assert letters()[-1].from_email == "Training <training@example.com>"


# What follows ---------------------------------------------------------------------------------------------------------


def told():
    return [str(trouble.words) for trouble in health.troubles(timezone.now())]


def come_back(*messages):
    OutgoingEmail.objects.filter(pk__in=[message.pk for message in messages]).update(state=DeliveryState.BOUNCED)


def test_to_how_many_people_letters_come_back_is_said_until_the_address_is_another_or_a_letter_stays_away(sent):
    person = sent.person
    assert told() == []
    come_back(*OutgoingEmail.objects.all())
    assert told() == ["emails to 2 people bounce"]
    person.email = "mended@example.com"
    person.save()
    assert told() == ["emails to 1 person bounce"]
    other = OutgoingEmail.objects.exclude(person=person).get().person
    queue_email("invitation", other)
    assert told() == ["emails to 1 person bounce"], "it has not left yet"
    letters()
    assert told() == []
    come_back(OutgoingEmail.objects.latest("pk"))
    assert told() == ["emails to 1 person bounce"]
    other.is_active = False
    other.save()
    assert told() == []


def test_a_letter_that_came_back_holds_back_no_other(sent):
    come_back(sent)
    queue_email("account-notice", sent.person, data={"what": "password-set", "detail": ""})
    queue_email("invitation", sent.person)
    letters()
    assert list(OutgoingEmail.objects.of(sent.person).values_list("state", flat=True)) == ["sent", "sent", "bounced"]


def test_a_stranger_whose_letter_came_back_gets_no_other_that_day(settings):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    for _ in range(2):
        queue_email("no-account", None, address="nobody@example.com", language="en")
        letters()
        come_back(OutgoingEmail.objects.order_by("pk")[0])
    assert list(OutgoingEmail.objects.order_by("pk").values_list("state", flat=True)) == ["bounced", "skipped"]


@pytest.mark.parametrize("number", [1, 3])
def test_troubles_cost_three_statements_for_any_number_of_emails(number, django_assert_num_queries):
    for _ in range(number):
        queue_email("invitation", make_user())
    letters()
    come_back(*OutgoingEmail.objects.all())
    with django_assert_num_queries(3):
        assert len(told()) == 1
