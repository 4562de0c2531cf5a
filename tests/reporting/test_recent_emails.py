"""Recent emails on the person page, and email types offered to a person."""

from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import translation

from courseware.accounts.models import Membership
from courseware.assignments.models import ChatBot
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import DeliveryState, EmailOptOut, OutgoingEmail
from courseware.reporting.dashboard.timeline import emails_to, last_email_failed
from courseware.reporting.emails.monthly_report import subscribe
from tests.making import join, make_enrollment, make_hr, make_team, make_user, sent_emails

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)  # in Shanghai
NOT_ARRIVED = {
    "en": "The last email did not arrive. An admin can change the email address and then send another link for "
    "setting a password.",
    "zh-hans": "上一封邮件未送达。管理员可以更改邮箱地址，并重新发送设置密码的链接。",
}


@pytest.fixture
def enrollment():
    team = make_team("Night shift")
    learner = make_user("Ming")
    join(team, learner)
    enrollment = make_enrollment(learner)
    enrollment.manager = team.manager
    return enrollment


def page_of(client, enrollment, user):
    client.force_login(user)
    return client.get(f"/team/people/{enrollment.pk}/")


def section(response):
    """Lines and paragraphs below the heading of emails."""
    page = BeautifulSoup(response.content, "html.parser")
    heading = next(title for title in page.select(".person h2") if title.text in ("Emails", "邮件"))
    found = []
    for element in heading.find_next_siblings()[:-1]:
        found += [" ".join(line.get_text(" ").split()) for line in (element.select("li") or [element])]
    return found


def email(person, kind="account-notice", state=DeliveryState.SENT, at=NOON, **fields):
    data = {"what": "password-set", "detail": "a very private detail"}
    message = queue_email(kind, person, data=data)
    OutgoingEmail.objects.filter(pk=message.pk).update(state=state, written_at=at, ended_at=at, **fields)


@pytest.mark.parametrize(
    "language, expected",
    [
        ("en", ["25 Nov 2026, 12:00 Account change: sent", "24 Nov 2026, 12:00 Invitation: waiting"]),
        ("zh-hans", ["2026年11月25日 12:00 账号变动：已发送", "2026年11月24日 12:00 邀请：待发送"]),
    ],
)
def test_person_page_shows_type_time_and_state_only(client, enrollment, language, expected):
    email(enrollment.learner, "invitation", DeliveryState.QUEUED, NOON - timedelta(days=1), why="450 come back later")
    email(enrollment.learner)
    email(make_user(), "invitation")
    enrollment.manager.language = language
    enrollment.manager.save()
    response = page_of(client, enrollment, enrollment.manager)
    assert section(response) == expected
    for hidden in ("private", "come back later", "/accounts/password/reset/key/"):
        assert hidden not in response.content.decode()


@pytest.mark.parametrize("language", NOT_ARRIVED)
def test_undelivered_email_is_announced_first(client, enrollment, language):
    enrollment.manager.language = language
    enrollment.manager.save()
    email(enrollment.learner, state=DeliveryState.BOUNCED)
    assert section(page_of(client, enrollment, enrollment.manager))[0] == NOT_ARRIVED[language]


@pytest.mark.parametrize(
    "states, expected",
    [
        (["sent"], False),
        (["bounced"], True),
        (["refused"], True),
        (["given-up"], True),
        (["bounced", "sent"], False),
        (["sent", "bounced"], True),
        (["bounced", "queued"], True),
        (["bounced", "skipped"], True),
        (["queued"], False),
        ([], False),
    ],
)
def test_person_is_unreachable_if_newest_tried_email_failed(enrollment, states, expected):
    person = enrollment.learner
    for state in states:
        email(person, state=state)
    assert last_email_failed(person, emails_to(person)) == expected
    person.email = "mended@example.com"
    assert not last_email_failed(person, emails_to(person))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"why": "the person left the company"}, ("the person left the company", "此人已离职")),
        (
            {"why": "combined with email 3", "combined_into_id": 3},
            ("combined with another email", "已合并到另一封邮件"),
        ),
        ({"why": ""}, ("", "")),
        ({"why": "550 no such user <a@b>", "state": DeliveryState.REFUSED}, ("", "")),
        ({"why": "450 come back later", "state": DeliveryState.QUEUED}, ("", "")),
    ],
)
def test_reason_of_skipped_email_is_translated(client, enrollment, fields, words):
    email(enrollment.learner, "invitation", **{"state": DeliveryState.SKIPPED} | fields)
    for language, reason in zip(("en", "zh-hans"), words, strict=True):
        enrollment.manager.language = language
        enrollment.manager.save()
        line = section(page_of(client, enrollment, enrollment.manager))[-1]
        assert line.endswith(reason)
        assert any(line.endswith(f"{state} {reason}".rstrip()) for state in STATES[language])


# Labels of the states above.
STATES = {"en": ("not sent", "rejected", "waiting"), "zh-hans": ("未发送", "被拒收", "待发送")}


def test_missing_address_is_explained_in_chinese():
    queue_email("invitation", make_user())
    OutgoingEmail.objects.update(address="")
    sent_emails()
    with translation.override("zh-hans"):
        assert OutgoingEmail.objects.get().why_not_sent == "此人没有邮箱地址"


# Types of email offered to a person


LEADING = {"digest", "escalation", "follow-up"}


def offered(client, person):
    client.force_login(person)
    page = BeautifulSoup(client.get("/email-settings/", headers={"accept-language": "en"}).content, "html.parser")
    daily = {"daily-question"} if page.select("a[href='/daily/']") else set()
    return {field["value"] for field in page.select("main [name=kind]")} | daily


def test_learner_is_offered_no_manager_emails(client):
    assert offered(client, make_enrollment().learner) == {"daily-question"}
    assert offered(client, make_user()) == set()


def test_manager_is_offered_team_emails_while_managing(client):
    manager = make_team().manager
    assert offered(client, manager) == LEADING
    Membership.objects.all().delete()
    assert offered(client, manager) == set()


def test_monthly_report_is_offered_after_subscribing(client):
    manager = make_team().manager
    subscribe(manager)
    assert offered(client, manager) == LEADING | {"monthly-report"}


def test_chat_bot_emails_are_offered_while_bot_exists(client):
    team, hr = make_team(), make_hr()
    ChatBot.objects.create(team=team, service="wecom", address="https://chat.example.com/1")
    assert "group-summary" in offered(client, team.manager) & offered(client, hr)
    assert "group-summary" not in offered(client, make_user())


def test_unavailable_email_type_cannot_be_unsubscribed(client):
    client.force_login(make_user())
    client.post("/email-settings/", {"kind": "digest", "stop": ""})
    assert not EmailOptOut.objects.exists()
